using System.Globalization;

namespace Coreutil.Etcd.Server.Metrics;

/// <summary>What the kernel says of this process.</summary>
internal static class ProcessStatus
{
    public static int DescriptorsUsed() => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();

    /// <summary>The soft limit; 0 when there is none.</summary>
    public static long DescriptorLimit()
    {
        const string Label = "Max open files";
        string? line = File.ReadLines("/proc/self/limits").FirstOrDefault(candidate => candidate.StartsWith(Label, StringComparison.Ordinal));
        string word = line?[Label.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? "";
        return long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out long limit) ? limit : 0;
    }
}
