using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Coreutil.Confd.Resources;

/// <summary>What a command said and how it ended; <see cref="Failure"/> is Go's text, null for success.</summary>
internal sealed record CommandResult(string Output, string? Failure);

/// <summary>
/// Runs <c>/bin/sh -c</c> in a process group of its own: stdin from /dev/null, both outputs captured. When confd stops, the whole group is told to
/// end and then killed, so no command is left behind. System.Diagnostics.Process cannot set the group, hence posix_spawn.
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

    public static async Task<CommandResult> RunAsync(
        string command, ImmutableDictionary<string, string> environment, TimeProvider time, CancellationToken cancel)
    {
        var (pid, output) = Spawn(command, environment);
        using (output)
        {
            await using var stop = cancel.Register(() => SendSignal(-pid, Terminate));
            using var reader = new StreamReader(output, Encoding.UTF8);
            var reading = reader.ReadToEndAsync(CancellationToken.None);
            if (await Task.WhenAny(reading, GraceAfter(time, cancel)) != reading)
            {
                SendSignal(-pid, Kill);
            }

            string text = await reading;
            int status;
            while (WaitFor(pid, out status, NoHang) == 0)
            {
                await Task.Delay(_poll, time, CancellationToken.None);
            }

            cancel.ThrowIfCancellationRequested();
            return new CommandResult(text, Describe(status));
        }
    }

    /// <summary>Never ends unless stopping is asked for, and then only after the grace time.</summary>
    private static async Task GraceAfter(TimeProvider time, CancellationToken cancel)
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancel.Register(stopping.SetResult);
        await stopping.Task;
        await Task.Delay(_grace, time, CancellationToken.None);
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
