using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Coreutil.Supervisor.Machine;

namespace Coreutil.Supervisor.Processes;

/// <summary>
/// The process between unitd and a service: waits for its spec, applies it and becomes the command. A failed step ends it with
/// the code systemd uses for that step (200-243), so that the service's main process exit tells what went wrong.
/// </summary>
public static unsafe class Executor
{
    /// <summary>The descriptor of the socket that the spec comes over; the spawner puts it there.</summary>
    public const int SpecDescriptor = 3;

    private const int FileMode = 0x1A4;

    /// <summary>Returns only when a step failed, or no spec came. Everything happens on the calling thread: most of what is set belongs to a thread.</summary>
    public static int Run(TextWriter error)
    {
        // What ends the service ends it here already: a signal that our own program catches would be lost to the command.
        LibC.Signal(Signals.Terminate, 0);
        LibC.Signal(Signals.Interrupt, 0);
        var (received, descriptors) = SpecChannel.Receive(SpecDescriptor);
        LibC.Close(SpecDescriptor);
        if (received.IsEmpty)
        {
            return 0;
        }

        var spec = JsonSerializer.Deserialize(received.Span, ExecSpecJson.Default.ExecSpec) ?? throw new InvalidDataException("the executor's spec is empty");

        // Output first, the command's own, the gate, then the report: as the spawner sends them. Those that stay leave the command's numbers free.
        int[] passed = descriptors[1..(1 + spec.Descriptors)];
        if (spec.IsIdle)
        {
            IdleGate.Wait(descriptors[1 + spec.Descriptors]);
        }

        int? report = spec.IsReported ? LibC.FileControl(descriptors[^1], LibC.DuplicateCloseOnExec, SpecDescriptor + passed.Length) : null;
        LibC.Duplicate(descriptors[0], 1);
        LibC.Duplicate(descriptors[0], 2);
        var (code, what) = Apply(spec, passed);
        if (report is { } end)
        {
            byte one = 1;
            LibC.Write(end, &one, 1);
        }

        error.WriteLine($"Failed at step {ExitCodeNames.Of(code)} spawning {spec.Path}: {what}");
        return code;
    }

    private static (int Code, string What) Apply(ExecSpec spec, int[] passed)
    {
        if (spec.Refusal is { } refusal)
        {
            return (refusal.ExitCode, refusal.What);
        }

        foreach (string file in spec.ControlGroups)
        {
            if (!TryWrite(file, "0"))
            {
                return (ExitCodeNames.ControlGroup, $"cannot join {file}");
            }
        }

        foreach (var directory in spec.Directories)
        {
            if (directory.TryMake() is { } failure)
            {
                return (directory.ExitCode, failure);
            }
        }

        // Lowering it needs a privilege that containers lack; like systemd we go on without.
        if (spec.OomScoreAdjust is { } adjust)
        {
            TryWrite("/proc/self/oom_score_adj", adjust.ToString(CultureInfo.InvariantCulture));
        }

        if (spec.Nice is { } nice && LibC.SetPriority(0, 0, nice) != 0)
        {
            return (ExitCodeNames.Nice, LastError());
        }

        LibC.SetFileMask(spec.FileMask);
        byte* path = NativeStrings.Copy(spec.Path);
        byte** arguments = new NativeStrings(spec.Arguments).Vector;
        string self = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        byte** environment = new NativeStrings([.. spec.Environment, .. spec.OwnPidVariables.Select(name => $"{name}={self}")]).Vector;
        if (OpenStreams(spec, passed) is var (stream, what) && stream != 0)
        {
            return (stream, what);
        }

        if (spec.Group is { } group)
        {
            uint[] groups = [.. spec.SupplementaryGroups];
            fixed (uint* first = groups)
            {
                if (LibC.SetGroups((nuint)groups.Length, first) != 0 || LibC.SetGroup(group, group, group) != 0)
                {
                    return (ExitCodeNames.Group, LastError());
                }
            }
        }

        MoveDescriptors(passed);
        ulong* values = stackalloc ulong[2];
        foreach (var limit in spec.Limits)
        {
            (values[0], values[1]) = (limit.Soft, limit.Hard);
            if (LibC.SetLimit(limit.Resource, values) == 0)
            {
                continue;
            }

            // Above what this host may give, what is nearest is taken, as systemd does.
            LibC.GetLimit(limit.Resource, values);
            (values[0], values[1]) = (Math.Min(limit.Soft, values[1]), Math.Min(limit.Hard, values[1]));
            if (LibC.SetLimit(limit.Resource, values) != 0)
            {
                return (ExitCodeNames.Limits, LastError());
            }
        }

        // The raw call changes this thread only: the others end at execve and must not count against the new user's process limit.
        if (spec.User is { } user && LibC.SystemCall((nint)LibC.SetUserCall, (nint)user, (nint)user, (nint)user, 0) != 0)
        {
            return (ExitCodeNames.User, LastError());
        }

        if (LibC.ChangeDirectory(spec.WorkingDirectory ?? "/") != 0 && !spec.IsWorkingDirectoryOptional)
        {
            return (ExitCodeNames.ChangeDirectory, $"{spec.WorkingDirectory}: {LastError()}");
        }

        ResetSignals(spec.IgnoresSigpipe);
        LibC.Execute(path, arguments, environment);
        return (ExitCodeNames.Exec, LastError());
    }

    private static (int Code, string What) OpenStreams(ExecSpec spec, int[] passed)
    {
        if (spec.IsInputSocket)
        {
            LibC.Duplicate(passed[0], 0);
            LibC.Duplicate(passed[0], 1);
        }

        foreach (var (stream, number, code) in (ReadOnlySpan<(StandardStream, int, int)>)
            [(spec.Input, 0, ExitCodeNames.StandardInput), (spec.Output, 1, ExitCodeNames.StandardOutput), (spec.Error, 2, ExitCodeNames.StandardError)])
        {
            if (stream.Path is null)
            {
                continue;
            }

            int opened = LibC.Open(stream.Path, stream.Flags | LibC.OpenCloseOnExec, FileMode);
            if (opened < 0)
            {
                return (code, $"{stream.Path}: {LastError()}");
            }

            LibC.Duplicate(opened, number);
            LibC.Close(opened);
        }

        return (0, "");
    }

    /// <summary>Puts the passed descriptors where sd_listen_fds(3) looks for them; whatever else is open stays behind at execve.</summary>
    private static void MoveDescriptors(int[] passed)
    {
        int first = SpecDescriptor + passed.Length;
        int[] above = [.. passed.Select(descriptor => LibC.FileControl(descriptor, LibC.DuplicateCloseOnExec, first))];

        // The runtime's own pipe for signals lies in their place. Its thread closes the end that it reads when the other one is closed, which would be a
        // passed descriptor by then: so all that lay there stays open elsewhere.
        for (int i = 0; i < above.Length; i++)
        {
            LibC.FileControl(SpecDescriptor + i, LibC.DuplicateCloseOnExec, first);
        }

        for (int i = 0; i < above.Length; i++)
        {
            LibC.Duplicate(above[i], SpecDescriptor + i);
        }

        LibC.SystemCall((nint)LibC.CloseRangeCall, first, int.MaxValue, 4, 0);
    }

    /// <summary>
    /// Ignored signals survive execve. The runtime ignores SIGPIPE, which is systemd's default for services too (IgnoreSIGPIPE=yes); glibc's spawn leaves 32
    /// ignored. All others go back to their default.
    /// </summary>
    private static void ResetSignals(bool ignoresSigpipe)
    {
        ulong* action = stackalloc ulong[4];
        for (int signal = 1; signal <= 64; signal++)
        {
            if ((signal == Signals.Pipe && ignoresSigpipe) || LibC.SystemCall((nint)LibC.SignalActionCall, signal, 0, (nint)action, 8) != 0 || action[0] != 1)
            {
                continue;
            }

            new Span<ulong>(action, 4).Clear();
            LibC.SystemCall((nint)LibC.SignalActionCall, signal, (nint)action, 0, 8);
        }
    }

    private static bool TryWrite(string file, string text)
    {
        try
        {
            File.WriteAllText(file, text);
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string LastError() => Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
}
