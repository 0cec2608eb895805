using System.Globalization;

namespace Coreutil.Supervisor.Processes;

/// <summary>What is mounted, from /proc/self/mountinfo.</summary>
internal static class MountTable
{
    public const string Path = "/proc/self/mountinfo";

    /// <summary>Where file systems are, without the automounts that wait for one.</summary>
    public static HashSet<string> ReadPoints() => Entries().Where(entry => entry.Type != "autofs").Select(entry => entry.Point).ToHashSet(StringComparer.Ordinal);

    /// <summary>The device number of the automount at a path; null where there is none.</summary>
    public static (int Major, int Minor)? FindAutomount(string path)
    {
        string? device = Entries().LastOrDefault(entry => entry.Type == "autofs" && entry.Point == path).Device;
        return device?.Split(':') is [var major, var minor] ? (int.Parse(major, CultureInfo.InvariantCulture), int.Parse(minor, CultureInfo.InvariantCulture)) : null;
    }

    public static bool IsMountPoint(string path) => Entries().Any(entry => entry.Point == path.TrimEnd('/') || (path == "/" && entry.Point == "/"));

    /// <summary>The file system that holds the path is not mounted read-only.</summary>
    public static bool IsWritable(string path) => Entries()
        .Where(entry => entry.Point == "/" || path == entry.Point || path.StartsWith(entry.Point + "/", StringComparison.Ordinal))
        .OrderByDescending(entry => entry.Point.Length).Select(entry => entry.Options.Split(',')[0] == "rw").FirstOrDefault();

    // mountinfo: the third field is the device, the fifth the mount point with octal escapes, the sixth the options; the type comes after a lone dash.
    private static IEnumerable<(string Device, string Point, string Options, string Type)> Entries() => File.ReadLines(Path).Select(line => line.Split(' '))
        .Select(fields => (fields[2], Unescape(fields[4]), fields[5], fields[Array.IndexOf(fields, "-", 6) + 1]));

    private static string Unescape(string field) =>
        field.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);
}
