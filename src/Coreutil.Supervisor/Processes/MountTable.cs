namespace Coreutil.Supervisor.Processes;

/// <summary>What is mounted, from /proc/self/mountinfo.</summary>
internal static class MountTable
{
    public static bool IsMountPoint(string path) => Entries().Any(entry => entry.Point == path.TrimEnd('/') || (path == "/" && entry.Point == "/"));

    /// <summary>The file system that holds the path is not mounted read-only.</summary>
    public static bool IsWritable(string path) => Entries()
        .Where(entry => entry.Point == "/" || path == entry.Point || path.StartsWith(entry.Point + "/", StringComparison.Ordinal))
        .OrderByDescending(entry => entry.Point.Length).Select(entry => entry.Options.Split(',')[0] == "rw").FirstOrDefault();

    // mountinfo: the fifth field is the mount point with octal escapes, the sixth the options.
    private static IEnumerable<(string Point, string Options)> Entries() =>
        File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')).Select(fields => (Unescape(fields[4]), fields[5]));

    private static string Unescape(string field) =>
        field.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);
}
