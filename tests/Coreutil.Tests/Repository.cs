using System.Runtime.CompilerServices;

namespace Coreutil.Tests;

/// <summary>Where the sources and, beside the checkout, the recorded cases are.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The recorded cases of the originals; null where they are not beside the checkout.</summary>
    public static string? Cases(string file)
    {
        string path = Path.Combine(Root, "..", "shared", "cases", file);
        return File.Exists(path) ? path : null;
    }

    public static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal));

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        // Deterministic builds map source paths to /_/: then the assembly's own place leads to the root.
        string? start = File.Exists(thisFile) ? Path.GetDirectoryName(thisFile) : AppContext.BaseDirectory;
        while (start is not null && !File.Exists(Path.Combine(start, "coreutil.sln")))
        {
            start = Path.GetDirectoryName(start);
        }

        return start ?? throw new InvalidOperationException("coreutil.sln is not above the tests");
    }
}
