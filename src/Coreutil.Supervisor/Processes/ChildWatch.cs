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
    private readonly Action<int, ProcessExit> _onExit;
    private long _started;

    /// <param name="spawner">Starts what is to be watched.</param>
    /// <param name="onExit">Called on the watching thread with each process that ended, ours or an orphan.</param>
    public ChildWatch(Spawner spawner, Action<int, ProcessExit> onExit)
    {
        _spawner = spawner;
        _onExit = onExit;

        // An inherited SIG_IGN would make the kernel reap our children and lose every status.
        LibC.Signal(LibC.SignalChild, 0);
        LibC.ProcessControl(LibC.SetChildSubreaper, 1, 0, 0, 0);
        new Thread(WaitForExits) { IsBackground = true, Name = "children" }.Start();
    }

    public int Spawn(ExecSpec spec, int output, Action<int> register)
    {
        lock (_gate)
        {
            int pid = _spawner.Spawn(spec, output);
            register(pid);
            _started++;
            Monitor.Pulse(_gate);
            return pid;
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

            // siginfo_t on x86-64: si_code at 8, si_pid at 16, si_status at 24.
            var kind = information[2] switch
            {
                1 => ProcessExitKind.Exited,
                3 => ProcessExitKind.Dumped,
                _ => ProcessExitKind.Killed,
            };
            int pid = information[4];
            var exit = new ProcessExit(kind, information[6]);
            lock (_gate)
            {
                LibC.WaitId(LibC.WaitProcess, pid, information, LibC.WaitExited);
            }

            _onExit(pid, exit);
        }
    }
}
