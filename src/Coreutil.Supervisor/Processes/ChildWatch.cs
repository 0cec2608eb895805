using System.Runtime.InteropServices;
using Coreutil.Supervisor.Machine;

namespace Coreutil.Supervisor.Processes;

/// <summary>
/// Starts processes and reports each end, orphans included: this process is the subreaper of all it starts. One thread waits in waitid; spawning and
/// reaping share a lock, so an exit is never reported before its start is known.
/// </summary>
public sealed unsafe class ChildWatch
{
    private readonly object _gate = new();
    private readonly Spawner _spawner;
    private readonly Action<int, ProcessExit, string?> _onExit;
    private readonly HashSet<int> _children = [];
    private readonly DescriptorWatch _reports;
    private long _started;
    private int _pendingReports;

    /// <param name="spawner">Starts what is to be watched.</param>
    /// <param name="reports">Waits for the executors' reports.</param>
    /// <param name="onExit">Called on the watching thread with each process that ended; of an orphan also what /proc/PID/cgroup says.</param>
    public ChildWatch(Spawner spawner, DescriptorWatch reports, Action<int, ProcessExit, string?> onExit)
    {
        _spawner = spawner;
        _onExit = onExit;
        _reports = reports;

        // An inherited SIG_IGN would make the kernel reap our children and lose every status.
        LibC.Signal(LibC.SignalChild, 0);
        LibC.ProcessControl(LibC.SetChildSubreaper, 1, 0, 0, 0);
    }

    /// <summary>From now on ends are reported: whoever was taken over from another supervisor is known by now.</summary>
    public void Begin() => new Thread(WaitForExits) { IsBackground = true, Name = "children" }.Start();

    /// <summary>Nothing is started or reaped by another thread until this is disposed of; what was reaped before has been reported.</summary>
    public IDisposable Freeze() => new HeldLock(_gate);

    /// <summary>A command has been started of which is not known yet whether it was executed.</summary>
    public bool HasPendingReports => Volatile.Read(ref _pendingReports) > 0;

    /// <param name="spec">The command.</param>
    /// <param name="output">Its standard output and error.</param>
    /// <param name="passed">Its descriptors from 3 on.</param>
    /// <param name="onExecuted">Called on another thread when the executor has become the command (true) or has failed (false).</param>
    /// <param name="register">Called with the process before its end can be reported.</param>
    public int Spawn(ExecSpec spec, int output, IReadOnlyList<int> passed, Action<bool>? onExecuted, Action<int> register)
    {
        int* ends = stackalloc int[2];
        bool isReported = onExecuted is not null && LibC.Pipe(ends, LibC.OpenCloseOnExec) == 0;
        try
        {
            lock (_gate)
            {
                int pid = _spawner.Spawn(spec, output, passed, isReported ? ends[1] : null);
                register(pid);
                _children.Add(pid);
                _started++;
                Monitor.Pulse(_gate);
                return pid;
            }
        }
        finally
        {
            if (isReported)
            {
                LibC.Close(ends[1]);
                WaitForReport(ends[0], onExecuted!);
            }
        }
    }

    private void WaitForReport(int end, Action<bool> onExecuted)
    {
        Interlocked.Increment(ref _pendingReports);
        _reports.Watch(end, () =>
        {
            byte one;
            nint count = LibC.Read(end, &one, 1);
            LibC.Close(end);
            onExecuted(count == 0);
            Interlocked.Decrement(ref _pendingReports);
        });
    }

    /// <summary>From a siginfo_t on x86-64: si_code at 8, si_pid at 16, si_status at 24.</summary>
    internal static (int Pid, ProcessExit Exit) Read(int* information)
    {
        var kind = information[2] switch
        {
            1 => ProcessExitKind.Exited,
            3 => ProcessExitKind.Dumped,
            _ => ProcessExitKind.Killed,
        };
        return (information[4], new(kind, information[6]));
    }

    /// <summary>True for a child of ours that has not been reaped: its end will be reported.</summary>
    public bool IsChild(int pid)
    {
        int* information = stackalloc int[32];
        return LibC.WaitId(LibC.WaitProcess, pid, information, LibC.WaitExited | LibC.WaitNoWait | LibC.WaitNoHang) == 0;
    }

    /// <summary>Tells when a process ends that is nobody's child here. A kernel before 5.3 does not: it is to be looked for as well.</summary>
    public void WatchForeign(int pid, Action onGone)
    {
        int process = (int)LibC.SystemCall((nint)LibC.PidOpenCall, pid, 0, 0, 0);
        if (process >= 0)
        {
            _reports.Watch(process, () =>
            {
                LibC.Close(process);
                onGone();
            });
        }
    }

    private void WaitForExits()
    {
        int* information = stackalloc int[32];
        long seen = 0;
        for (; ; )
        {
            if (LibC.WaitId(LibC.WaitAll, 0, information, LibC.WaitExited | LibC.WaitNoWait) != 0)
            {
                bool hasNone = Marshal.GetLastPInvokeError() == LibC.NoChild;
                lock (_gate)
                {
                    while (hasNone && seen == _started)
                    {
                        Monitor.Wait(_gate);
                    }

                    seen = _started;
                }

                continue;
            }

            var (pid, exit) = Read(information);
            lock (_gate)
            {
                string? membership = _children.Remove(pid) ? null : ControlGroupRoot.MembershipOf(pid);
                LibC.WaitId(LibC.WaitProcess, pid, information, LibC.WaitExited);
                _onExit(pid, exit, membership);
            }
        }
    }
}
