using System.IO.Enumeration;

namespace Coreutil.Supervisor.Units;

/// <summary>What is there of paths that units name; their last part may hold <c>*</c> and <c>?</c>.</summary>
internal static class HostPaths
{
    /// <summary>What is there and matches, in the order of the names.</summary>
    public static string[] Matching(string pattern)
    {
        string? directory = Path.GetDirectoryName(pattern);
        string name = Path.GetFileName(pattern);
        return directory is null ? [] : [.. Entries(directory)
            .Where(path => FileSystemName.MatchesSimpleExpression(name, Path.GetFileName(path), ignoreCase: false)).Order(StringComparer.Ordinal)];
    }

    /// <summary>A path that can never be there, for there is a file on its way.</summary>
    public static bool IsBelowFile(string path)
    {
        string? above = Path.GetDirectoryName(path);
        while (above is not null && !Path.Exists(above))
        {
            above = Path.GetDirectoryName(above);
        }

        return File.Exists(above);
    }

    /// <summary>What a directory holds; nothing where it is none, or goes just now.</summary>
    public static string[] Entries(string directory)
    {
        try
        {
            return Directory.Exists(directory) ? Directory.GetFileSystemEntries(directory) : [];
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
