using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Coreutil.Supervisor.Machine;

namespace Coreutil.Supervisor.Processes;

/// <summary>
/// The process above unitd: starts it again when it was killed, and inherits the units' processes then, so that how they end is known even while no unitd
/// is there. It does nothing else, that nothing may go wrong with it.
/// </summary>
public sealed unsafe class Guard(string executable, TextWriter error, TimeProvider time)
{
    /// <summary>Tells unitd the descriptor of its line to the guard, and that it has one.</summary>
    public const string Variable = "UNITD_GUARD";

    /// <summary>The runtime lets a heap grow by tens of megabytes before it collects; a supervisor of a thousand units lives in three.</summary>
    private const string HeapVariable = "DOTNET_GCGen0MaxBudget";

    private const int LinkDescriptor = 3;

    /// <summary>Endings that are told to the next unitd; of more than these the oldest are forgotten.</summary>
    private const int Most = 4096;

    private static readonly TimeSpan _shortLife = TimeSpan.FromSeconds(5);

    private readonly Queue<string> _ended = [];
    private volatile int _unitd;
    private int _link = -1;

    /// <summary>Ends when unitd does so by itself, with its exit code; <paramref name="cancel"/> is passed on to it as SIGTERM.</summary>
    public int Run(CancellationToken cancel)
    {
        LibC.Signal(LibC.SignalChild, 0);
        LibC.ProcessControl(LibC.SetChildSubreaper, 1, 0, 0, 0);
        File.WriteAllText("/proc/self/comm", "unitd-guard");
        long begun = time.GetTimestamp();
        Start();
        using var passing = cancel.Register(() => LibC.Kill(_unitd, Signals.Terminate));
        for (; ; )
        {
            var (process, exit) = Reap();
            if (process.Pid != _unitd)
            {
                Tell(GuardLink.Format(process, exit));
                continue;
            }

            if (exit.Kind == ProcessExitKind.Exited)
            {
                return exit.Status;
            }

            if (cancel.IsCancellationRequested)
            {
                return 128 + exit.Status;
            }

            error.WriteLine($"unitd: killed by SIG{exit.StatusText}; the units go on, it is started again");
            if (time.GetElapsedTime(begun) < _shortLife)
            {
                cancel.WaitHandle.WaitOne(TimeSpan.FromSeconds(1));
            }

            begun = time.GetTimestamp();
            Start();
        }
    }

    private static (ProcessIdentity Process, ProcessExit Exit) Reap()
    {
        int* information = stackalloc int[32];
        while (LibC.WaitId(LibC.WaitAll, 0, information, LibC.WaitExited | LibC.WaitNoWait) != 0)
        {
            // Interrupted: unitd is our child, so there is always one to wait for.
        }

        var (pid, exit) = ChildWatch.Read(information);
        var process = ProcessIdentity.TryRead(pid, isDeadToo: true) ?? new(pid, 0);
        LibC.WaitId(LibC.WaitProcess, pid, information, LibC.WaitExited);
        return (process, exit);
    }

    private void Start()
    {
        LibC.Close(_link);
        if (!LocalSockets.TryOpenPair(LocalSockets.SequentialPacket, out _link, out int end))
        {
            throw new UnitdException($"socketpair: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        int theirs = LibC.FileControl(end, LibC.DuplicateCloseOnExec, LinkDescriptor + 1);
        string[] environment =
        [
            .. NativeStrings.OwnEnvironment(),
            string.Create(CultureInfo.InvariantCulture, $"{Variable}={LinkDescriptor}"),
            .. Environment.GetEnvironmentVariable(HeapVariable) is null ? (string[])[$"{HeapVariable}=200000"] : [],
        ];
        int failure = PosixSpawn.TryStart(executable, Environment.GetCommandLineArgs(), environment, [new(theirs, LinkDescriptor)], out int pid);
        LibC.Close(end);
        LibC.Close(theirs);
        if (failure != 0)
        {
            throw new UnitdException($"cannot start {executable}: {Marshal.GetPInvokeErrorMessage(failure)}");
        }

        _unitd = pid;
        var batch = new StringBuilder();
        foreach (string ended in _ended)
        {
            if (batch.Length + ended.Length > GuardLink.LargestMessage)
            {
                Send(batch.ToString());
                batch.Clear();
            }

            batch.Append(ended);
        }

        if (batch.Length > 0)
        {
            Send(batch.ToString());
        }

        Send(GuardLink.EndOfBacklog);
    }

    private void Tell(string ended)
    {
        _ended.Enqueue(ended);
        if (_ended.Count > Most)
        {
            _ended.Dequeue();
        }

        Send(ended);
    }

    /// <summary>A unitd that died meanwhile is told by what was collected.</summary>
    private void Send(string message)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(message);
        fixed (byte* first = bytes)
        {
            var part = new LibC.IoVector { Base = first, Length = (nuint)bytes.Length };
            var header = new LibC.MessageHeader { Parts = &part, PartCount = 1 };
            LibC.SendMessage(_link, &header, LocalSockets.NoSignal);
        }
    }
}
