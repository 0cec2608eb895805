using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Units;

/// <summary>A service goes from one supervisor to the next, and its processes with it.</summary>
public partial class ServiceUnit
{
    private static readonly TimeSpan _guardPatience = TimeSpan.FromSeconds(1);

    /// <summary>Processes of this unit whose parent is somebody else, with their start time and since when they are gone.</summary>
    private readonly Dictionary<int, (ProcessRole Role, ulong StartTime, DateTimeOffset? GoneSince)> _foreign = [];

    public override UnitMemory Remember() => base.Remember() with
    {
        Service = new()
        {
            Machine = _machine.Remember(),
            Main = _main,
            Control = _control,
            WatchdogDeadline = _watchdogTimer.Deadline,
            Invocation = _invocation,
            Leaders = [.. _group.Leaders],
            Runs = Runs.Remember(_machine.Settings),
            MainRun = Runs.Main,
        },
    };

    public override void Recall(UnitMemory memory)
    {
        base.Recall(memory);
        if (memory.Service is not { } service || Definition.LoadError is not null)
        {
            return;
        }

        _machine.Recall(service.Machine);
        _invocation = service.Invocation;
        Runs.Recall(_machine.Settings, service.Runs, service.MainRun);
        foreach (int leader in service.Leaders)
        {
            _group.Add(leader, isLeader: true);
        }

        if (_machine.IsIdle)
        {
            if (HasLeftOvers)
            {
                _output.Open(service.HalfLine);
            }

            return;
        }

        _output.Open(service.HalfLine);
        TakeUp(service.Main, ProcessRole.Main);
        TakeUp(service.Control, ProcessRole.Control);
        _stageTimer.Arm(service.Machine.Deadline);
        _watchdogTimer.Arm(service.WatchdogDeadline);
        _pidFileTimer.Arm(_machine.IsAwaitingPidFile ? Now + _pidFilePeriod : null);
    }

    /// <summary>What only a supervisor that becomes the next one can tell: also the beginning of a line that the service has not ended yet.</summary>
    public UnitMemory RememberWithOutput()
    {
        var memory = Remember();
        return memory with { Service = memory.Service! with { HalfLine = _output.HalfLine } };
    }

    /// <summary>What is left of a unit whose start a crash of the supervisor kept from being remembered: nobody waits for it.</summary>
    public void KillLeftOvers()
    {
        if (_machine.IsIdle && !_group.IsEmpty)
        {
            _group.Signal(Signals.Kill);
        }
    }

    /// <summary>
    /// A process that is nobody's child here (adopted, or forked away by a daemon's other child) tells nothing itself: that it is gone is seen, and how it
    /// ended is told by the guard if at all. The guard needs a moment.
    /// </summary>
    public void CheckAdopted()
    {
        foreach (var (pid, (role, startTime, goneSince)) in _foreign.ToArray())
        {
            if (new ProcessIdentity(pid, startTime).IsAlive || _host.Children.IsChild(pid))
            {
                continue;
            }

            if (_host.TryTakeExit(new(pid, startTime)) is { } exit)
            {
                OnExited(pid, role, exit);
            }
            else if (_host.IsGuarded() && (goneSince is not { } since || Now - since < _guardPatience))
            {
                _foreign[pid] = (role, startTime, goneSince ?? Now);
            }
            else
            {
                Report("A process ended while nobody watched it; how is not known.", Priorities.Warning);
                OnExited(pid, role, new(ProcessExitKind.Unknown, 0));
            }
        }

        // Whom the guard has reaped may have been the last of those that a stop waits for.
        if (MainPid is null && _machine.State != ServiceState.Exited)
        {
            CheckGroup();
        }
    }

    private void TakeAsMain(int pid) => TakeUp(ProcessIdentity.TryRead(pid, isDeadToo: true) ?? new(pid, 0), ProcessRole.Main);

    private void TakeUp(ProcessIdentity? process, ProcessRole role)
    {
        if (process is not { } taken)
        {
            return;
        }

        Set(taken, role);
        _host.Register(taken.Pid, this, role);
        _group.Add(taken.Pid, isLeader: !Definition.Context.StaysInGroup);
        if (!_host.Children.IsChild(taken.Pid))
        {
            _foreign[taken.Pid] = (role, taken.StartTime, null);
            _host.Children.WatchForeign(taken.Pid, () => _host.Post(CheckAdopted));
        }
    }
}
