using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Coreutil.Core.Applets;

namespace Coreutil;

/// <summary><c>coreutil --install DIR</c>: links named for the historic programs, never over a file that is not a link of ours.</summary>
internal static partial class LinkInstaller
{
    public static async Task<int> RunAsync(ImmutableArray<Applet> applets, AppletContext context, string[] arguments)
    {
        bool isHard = arguments.Contains("--hard");
        bool isForced = arguments.Contains("--force");
        string[] words = [.. arguments.Where(argument => argument is not ("--hard" or "--force"))];
        if (words is not [var directory] || directory.StartsWith('-'))
        {
            await context.Error.WriteLineAsync($"{Multicall.ProgramName}: --install takes one directory, and may take --hard and --force");
            return ExitCode.Usage;
        }

        try
        {
            Directory.CreateDirectory(directory);
            string[] names = [.. applets.Where(applet => applet.IsInstalled).Select(applet => applet.Name)];
            string[] foreign = isForced ? [] : [.. names.Select(name => Path.Combine(directory, name)).Where(path => IsForeign(path, context.ExecutablePath))];
            if (foreign.Length > 0)
            {
                await context.Error.WriteLineAsync(
                    $"{Multicall.ProgramName}: not replaced, as they are no links to this program: {string.Join(' ', foreign)} (--force replaces them)");
                return ExitCode.Failure;
            }

            foreach (string path in names.Select(name => Path.Combine(directory, name)))
            {
                Replace(path, context.ExecutablePath, isHard);
            }

            return ExitCode.Success;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            await context.Error.WriteLineAsync($"{Multicall.ProgramName}: {failure.Message}");
            return ExitCode.Failure;
        }
    }

    private static bool IsForeign(string path, string executable)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is not null)
        {
            return file.ResolveLinkTarget(returnFinalTarget: true)?.FullName is { } target && target != executable && File.Exists(target);
        }

        return file.Exists && !IsSameFile(path, executable);
    }

    /// <summary>Hard links of one file have the same bytes and the same length; comparing both needs no inode call.</summary>
    private static bool IsSameFile(string path, string executable) =>
        new FileInfo(path).Length == new FileInfo(executable).Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(File.ReadAllBytes(executable));

    private static void Replace(string path, string executable, bool isHard)
    {
        string staged = $"{path}.{Environment.ProcessId}.new";
        if (isHard)
        {
            if (Link(executable, staged) != 0)
            {
                throw new IOException($"cannot link {path} to {executable}: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }
        else
        {
            File.CreateSymbolicLink(staged, executable);
        }

        File.Move(staged, path, overwrite: true);
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Link(string existing, string created);
}
