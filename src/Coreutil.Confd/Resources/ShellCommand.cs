using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Coreutil.Core.CommandLine;
using Microsoft.Win32.SafeHandles;

namespace Coreutil.Confd.Resources;

/// <summary>What a command said and how it ended; <see cref="Failure"/> is Go's text, null for success.</summary>
internal sealed record CommandResult(string Output, string? Failure);

/// <summary>
/// Runs <c>/bin/sh -c</c> in a process group of its own: stdin from /dev/null, both outputs captured. When confd stops or the
/// time is up, the whole group is told to end and then killed, so no command is left behind. System.Diagnostics.Process cannot set the group, hence posix_spawn.
/// </summary>
internal static partial class ShellCommand
{
    private const short SetProcessGroup = 0x02;
    private const short SetSignalDefaults = 0x04;
    private const int OpaqueSize = 512;
    private const int CloseOnExec = 0x80000;
    private const int BrokenPipe = 13;
    private const int Terminate = 15;
    private const int Kill = 9;
    private const int NoHang = 1;
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan _longestPoll = TimeSpan.FromMilliseconds(50);

    public static async Task<CommandResult> RunAsync(
        string command, ImmutableDictionary<string, string> environment, TimeSpan? timeout, TimeProvider time, CancellationToken cancel)
    {
        var (pid, pipe) = Spawn(command, environment);
        var output = new CapturedOutput(pipe);
        var ending = EndAsync(pid, output, time);
        using var late = new CancellationTokenSource(timeout ?? Timeout.InfiniteTimeSpan, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        if (await EndsBeforeAsync(ending, Timeout.InfiniteTimeSpan, time, limit.Token))
        {
            return new CommandResult(output.Text, Describe(await ending));
        }

        SendSignal(-pid, Terminate);
        if (!await EndsBeforeAsync(ending, _grace, time, CancellationToken.None))
        {
            SendSignal(-pid, Kill);

            // Only what left the group can still hold the output open; nobody waits for that.
            await EndsBeforeAsync(ending, _grace, time, CancellationToken.None);
        }

        cancel.ThrowIfCancellationRequested();
        return new CommandResult(output.Text, $"killed: it ran longer than {GoDuration.Format(timeout.GetValueOrDefault())}");
    }

    /// <summary>The command has ended when its outputs are closed, by all it left running, and the shell is gone.</summary>
    private static async Task<int> EndAsync(int pid, CapturedOutput output, TimeProvider time)
    {
        await output.ReadToEndAsync();
        var pause = _poll;
        int status;
        while (WaitFor(pid, out status, NoHang) == 0)
        {
            await Task.Delay(pause, time, CancellationToken.None);
            pause = pause < _longestPoll ? pause * 2 : pause;
        }

        return status;
    }

    private static async Task<bool> EndsBeforeAsync(Task ending, TimeSpan limit, TimeProvider time, CancellationToken cancel)
    {
        using var settled = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        bool hasEnded = await Task.WhenAny(ending, Task.Delay(limit, time, settled.Token)) == ending;
        await settled.CancelAsync();
        return hasEnded;
    }

    private static string? Describe(int status)
    {
        int signal = status & 0x7f;
        int code = (status >> 8) & 0xff;
        return signal != 0 ? $"signal: {SignalName(signal)}" : code != 0 ? $"exit status {code}" : null;
    }

    private static string SignalName(int signal) => signal switch
    {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        6 => "aborted",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        _ => $"signal {signal}",
    };

    private static unsafe (int Pid, FileStream Output) Spawn(string command, ImmutableDictionary<string, string> environment)
    {
        int* ends = stackalloc int[2];
        Check(Pipe(ends, CloseOnExec), "pipe");
        var output = new FileStream(new SafeFileHandle(ends[0], ownsHandle: true), FileAccess.Read);
        byte* actions = stackalloc byte[OpaqueSize];
        byte* attributes = stackalloc byte[OpaqueSize];
        byte* signals = stackalloc byte[OpaqueSize];
        int fault = InitializeActions(actions)
            | InitializeAttributes(attributes)
            | AddOpen(actions, 0, "/dev/null", 0, 0)
            | AddDuplicate(actions, ends[1], 1)
            | AddDuplicate(actions, ends[1], 2)
            // The runtime ignores SIGPIPE, and an ignored signal would stay ignored in the command.
            | ClearSignals(signals)
            | AddSignal(signals, BrokenPipe)
            | SetDefaults(attributes, signals)
            | SetFlags(attributes, SetProcessGroup | SetSignalDefaults);
        string?[] variables = [.. environment.Select(variable => $"{variable.Key}={variable.Value}"), null];
        int pid = 0;
        int error = fault != 0 ? fault : PosixSpawn(out pid, "/bin/sh", actions, attributes, ["/bin/sh", "-c", command, null], variables);
        DestroyActions(actions);
        DestroyAttributes(attributes);
        Close(ends[1]);
        if (error == 0)
        {
            return (pid, output);
        }

        output.Dispose();
        throw new ConfdException($"fork/exec /bin/sh: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    private static void Check(int result, string what)
    {
        if (result != 0)
        {
            throw new ConfdException($"{what}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static unsafe partial int Pipe(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial void Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial void SendSignal(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "waitpid")]
    private static partial int WaitFor(int pid, out int status, int options);

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int PosixSpawn(out int pid, string path, byte* actions, byte* attributes, string?[] arguments, string?[] environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static unsafe partial int InitializeActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static unsafe partial void DestroyActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int AddOpen(byte* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static unsafe partial int AddDuplicate(byte* actions, int descriptor, int target);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static unsafe partial int InitializeAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static unsafe partial void DestroyAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static unsafe partial int SetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static unsafe partial int SetDefaults(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    private static unsafe partial int ClearSignals(byte* signals);

    [LibraryImport("libc", EntryPoint = "sigaddset")]
    private static unsafe partial int AddSignal(byte* signals, int signal);
}
