using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Coreutil.FunctionalTests;

/// <summary>The published binary, run as an operator runs it.</summary>
internal static class Published
{
    public static string Root { get; } = FindRoot();

    public static string Binary => Path.Combine(Root, "out", "coreutil");

    public static string Links => Path.Combine(Root, "out", "bin");

    public static string Link(string applet) => Path.Combine(Links, applet);

    /// <summary>A recorded file beside the checkout; the calling test is skipped where it is absent.</summary>
    public static string Cases(string file)
    {
        string path = Path.GetFullPath(Path.Combine(Root, "..", "shared", "cases", file));
        Assert.SkipUnless(File.Exists(path), $"the recorded cases are not beside this checkout: {path}");
        return path;
    }

    /// <summary>Runs a command to its end; fails the test when it takes longer than <paramref name="limit"/>.</summary>
    public static async Task<Outcome> RunAsync(
        string file, IEnumerable<string> arguments, TimeSpan? limit = null, IReadOnlyDictionary<string, string>? environment = null, string? directory = null)
    {
        using var process = Start(file, arguments, environment, directory);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var late = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{file} {string.Join(' ', arguments)} did not end in {limit}: {await output}{await error}");
        }

        return new(process.ExitCode, await output, await error);
    }

    public static Process Start(
        string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? directory = null)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? Root,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start");
    }

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        string? start = File.Exists(thisFile) ? Path.GetDirectoryName(thisFile) : AppContext.BaseDirectory;
        while (start is not null && !File.Exists(Path.Combine(start, "coreutil.sln")))
        {
            start = Path.GetDirectoryName(start);
        }

        return start ?? throw new InvalidOperationException("coreutil.sln is not above the tests");
    }
}

internal sealed record Outcome(int ExitCode, string Output, string Error);
