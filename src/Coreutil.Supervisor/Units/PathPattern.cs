using System.IO.Enumeration;

namespace Coreutil.Supervisor.Units;

/// <summary>Paths whose last part may hold <c>*</c> and <c>?</c>.</summary>
internal static class PathPattern
{
    /// <summary>What is there and matches, in the order of the names.</summary>
    public static string[] Matching(string pattern)
    {
        string? directory = Path.GetDirectoryName(pattern);
        string name = Path.GetFileName(pattern);
        return directory is null || !Directory.Exists(directory)
            ? []
            : [.. Directory.EnumerateFileSystemEntries(directory)
                .Where(path => FileSystemName.MatchesSimpleExpression(name, Path.GetFileName(path), ignoreCase: false)).Order(StringComparer.Ordinal)];
    }
}
