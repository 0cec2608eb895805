using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Coreutil.Supervisor.Machine;

namespace Coreutil.Supervisor.Processes;

/// <summary>
/// The process above unitd: starts it again when it was killed, and inherits the units' processes then, so that how they end is known even while no unitd
/// is there, and keeps copies of unitd's sockets, so that who connects meanwhile waits and is not refused. It does nothing else, that nothing may go wrong with it.
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
    private readonly DescriptorStore _store = new();
    private Thread? _listener;
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
        // All that the killed one still said is heard before its successor is told. A child of its that keeps the line open must not keep the units waiting.
        _listener?.Join(TimeSpan.FromSeconds(1));
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
        int link = _link;
        _listener = new Thread(() => Listen(link)) { IsBackground = true, Name = "store" };
        _listener.Start();
        foreach (var (key, descriptor) in _store.All)
        {
            Send(key, descriptor);
        }

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
    private void Send(string message, params ReadOnlySpan<int> descriptors) => LocalSockets.Send(_link, Encoding.UTF8.GetBytes(message), descriptors);

    private void Listen(int link)
    {
        Span<byte> message = stackalloc byte[GuardLink.LargestMessage];
        for (; ; )
        {
            nint count = LocalSockets.Receive(link, message, out int[] descriptors);
            if (count > 0)
            {
                string text = Encoding.UTF8.GetString(message[..(int)count]);
                _store.Take(text, descriptors);
                if (text.StartsWith(GuardLink.Drop, StringComparison.Ordinal))
                {
                    LocalSockets.Send(link, Encoding.UTF8.GetBytes(GuardLink.Dropped), []);
                }
            }
            else if (count == 0 || Marshal.GetLastPInvokeError() != LibC.Interrupted)
            {
                return;
            }
        }
    }
}
