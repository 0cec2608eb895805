using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;
using Coreutil.Etcd.Api;

namespace Coreutil.Applets.Etcdctl;

/// <summary>
/// The programs that exec-watch starts: in the order of the events, without waiting for one another, their exit codes ignored. What still runs when
/// the watch ends is told to end too.
/// </summary>
internal sealed partial class WatchPrograms(ImmutableArray<string> program, AppletContext context) : IAsyncDisposable
{
    private const int Terminate = 15;
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(5);
    private readonly List<Process> _running = [];

    public void Start(KeyEvent happened)
    {
        Forget(_running.Where(process => process.HasExited));
        string path = Find(program[0]);
        // As with Go's exec: nothing to read, both outputs inherited.
        var start = new ProcessStartInfo(path, program[1..]) { RedirectStandardInput = true };
        start.Environment["ETCD_WATCH_ACTION"] = happened.Action;
        start.Environment["ETCD_WATCH_MODIFIED_INDEX"] = happened.Node.ModifiedIndex.ToString(CultureInfo.InvariantCulture);
        start.Environment["ETCD_WATCH_KEY"] = happened.Node.Key;
        start.Environment["ETCD_WATCH_VALUE"] = happened.Node.Value ?? "";
        try
        {
            var process = Process.Start(start) ?? throw new EtcdctlFailure($"fork/exec {path}: no process", EtcdctlExit.BadArguments);
            _running.Add(process);
            process.StandardInput.Close();
        }
        catch (Win32Exception failure)
        {
            string reason = Marshal.GetPInvokeErrorMessage(failure.NativeErrorCode);
            throw new EtcdctlFailure($"fork/exec {path}: {char.ToLowerInvariant(reason[0])}{reason[1..]}", EtcdctlExit.BadArguments);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _running.Where(process => !process.HasExited))
        {
            // Not of interest: it may have ended by itself in this moment.
            _ = SendSignal(process.Id, Terminate);
        }

        using var late = new CancellationTokenSource(_grace, context.Time);
        foreach (var process in _running)
        {
            try
            {
                await process.WaitForExitAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        Forget(_running);
    }

    private void Forget(IEnumerable<Process> ended)
    {
        foreach (var process in ended.ToArray())
        {
            _running.Remove(process);
            process.Dispose();
        }
    }

    /// <summary>A name without a slash is looked for in PATH only: never in the working directory.</summary>
    private string Find(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
        {
            return name;
        }

        if (name.Length == 0)
        {
            throw new EtcdctlFailure("exec: no command", EtcdctlExit.BadArguments);
        }

        const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return (context.Variable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(path => File.Exists(path) && (File.GetUnixFileMode(path) & Executable) != 0)
            ?? throw new EtcdctlFailure($"exec: {GoQuote.Quote(name)}: executable file not found in $PATH", EtcdctlExit.BadArguments);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);
}
