using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;
using Coreutil.Units;

namespace Coreutil.Supervisor.Units;

/// <summary>The shell around a <see cref="ServiceMachine"/>: does what the machine says and tells it what happened. Lives on the supervisor's loop.</summary>
public partial class ServiceUnit : SupervisedUnit
{
    private static readonly TimeSpan _pidFilePeriod = TimeSpan.FromMilliseconds(100);

    private readonly ServiceHost _host;
    private readonly ProcessGroup _group;
    private readonly ServiceOutput _output;
    private readonly OneShotTimer _stageTimer;
    private readonly OneShotTimer _watchdogTimer;
    private readonly OneShotTimer _pidFileTimer;
    private ServiceMachine _machine;
    private ProcessIdentity? _main;
    private ProcessIdentity? _control;
    private string _invocation = "";
    private int _lastPid;
    private (ProcessRole Role, string Why)? _refusal;

    public ServiceUnit(UnitDefinition definition, ServiceHost host)
        : base(definition)
    {
        _host = host;
        _machine = new ServiceMachine(definition.Service);
        _group = new ProcessGroup(host.ControlGroupRoot is { } root ? Path.Combine(root, definition.Name) : null);
        _output = new ServiceOutput(host, definition.Name, () => Definition, () => MainPid ?? ControlPid ?? _lastPid);
        _stageTimer = new(host.Time, host.Post, () => Apply(_machine.OnTimer(Now, View)));
        _watchdogTimer = new(host.Time, host.Post, () => Apply(_machine.OnWatchdog(Now, View)));
        _pidFileTimer = new(host.Time, host.Post, LookForPidFile);
    }

    public override UnitState State => Definition.LoadError is not null && _machine.IsIdle
        ? new(Definition.LoadState, "inactive", "dead")
        : new(Definition.LoadState, ServiceNames.ActiveState(_machine.State, _machine.Settings.Type), SubStateOf(_machine.State));

    public override DateTimeOffset ChangedAt => _machine.ChangedAt;

    public override ServiceResult Result => _machine.Result;

    /// <summary>Processes that a stop left behind (KillMode=process): as long as they live the unit is remembered.</summary>
    public override bool HasLeftOvers => !_group.IsEmpty;

    public override bool IsWaitingToRestart => _machine.State == ServiceState.AutoRestart;

    public override bool CanReload => Definition.Service.Reload.Length > 0;

    public override bool HasReloadFailed => _machine.ReloadResult != ServiceResult.Success;

    public int? MainPid => _main?.Pid;

    public int? ControlPid => _control?.Pid;

    public ProcessExit? MainExit => _machine.MainExit;

    public int RestartCount => _machine.RestartCount;

    public string StatusText => _machine.StatusText;

    public ServiceState Stage => _machine.State;

    public string Invocation => _invocation;

    public ServiceResult ReloadResult => _machine.ReloadResult;

    /// <summary>Its cgroup as /proc/PID/cgroup names it; null without one.</summary>
    public string? ControlGroupPath => ControlGroupRoot.PathOf(_group.Directory);

    /// <summary>A figure of its cgroup; null where the host has no controller for it.</summary>
    public string? ReadGroupFile(string file) => _group.Directory is { } directory ? SmallFile.TryReadText(Path.Combine(directory, file))?.TrimEnd('\n') : null;

    public IReadOnlyList<int> Processes => _group.ReadProcesses();

    /// <summary>How its commands went; of those that it was started with, which a file read since does not change.</summary>
    public CommandRuns Runs { get; } = new();

    public ServiceSettings Settings => _machine.Settings;

    public override void Redefine(UnitDefinition definition)
    {
        base.Redefine(definition);
        if (_machine.State == ServiceState.Dead)
        {
            Renew();
        }
    }

    public override void Stop(bool isRestart) => Apply(_machine.Stop(isRestart, Now, View));

    public override void Reload() => Apply(_machine.Reload(Now, View));

    public override void ResetFailed()
    {
        base.ResetFailed();
        Apply(_machine.ResetFailed());
    }

    public override void Collect()
    {
        base.Collect();
        Runs.Clear();
        _machine = new ServiceMachine(Definition.Service);
    }

    public virtual void OnExited(int pid, ProcessRole role, ProcessExit exit)
    {
        _foreign.Remove(pid);
        _output.Drain(isAll: _group.IsEmpty);
        Runs.End(pid, exit, Moment.At(Now));
        if (role == ProcessRole.Main && pid == MainPid)
        {
            _main = null;
            Apply(_machine.OnMainExited(exit, Now, View));
        }
        else if (role == ProcessRole.Control && pid == ControlPid)
        {
            _control = null;
            Apply(_machine.OnControlExited(exit, Now, View));
        }

        CheckGroup();
    }

    /// <summary>Some process ended that was not one of ours to know: it may have been the last of this unit.</summary>
    public void CheckGroup()
    {
        if (!_machine.IsIdle && _machine.State != ServiceState.AutoRestart && _group.IsEmpty)
        {
            Apply(_machine.OnGroupEmpty(Now, View));
        }
    }

    /// <summary>True when the sender is one of this unit's processes; whether it is heard is another question.</summary>
    public bool TryNotify(int sender, IReadOnlyList<KeyValuePair<string, string>> fields)
    {
        if (sender != MainPid && sender != ControlPid && !_group.ReadProcesses().Contains(sender))
        {
            return false;
        }

        bool isHeard = _machine.Settings.NotifyAccess switch
        {
            NotifyAccess.Main => sender == MainPid,
            NotifyAccess.Exec => sender == MainPid || sender == ControlPid,
            NotifyAccess.All => true,
            _ => false,
        };
        if (isHeard)
        {
            Apply(_machine.OnNotified(fields, pid => ProcessIdentity.TryRead(pid) is not null && _group.ReadProcesses().Contains(pid), Now, View));
        }
        else
        {
            Report($"Got notification message from PID {sender.ToString(CultureInfo.InvariantCulture)}, but reception {WhoMayNotify()}", Priorities.Warning);
        }

        return true;
    }

    public override void Forget()
    {
        _stageTimer.Arm(null);
        _watchdogTimer.Arm(null);
        _output.Forget();
        _group.Remove();
    }

    protected virtual void NoteEntered(ServiceState state) => NotePassage(new(Definition.LoadState, ServiceNames.ActiveState(state, _machine.Settings.Type), SubStateOf(state)));

    protected virtual string SubStateOf(ServiceState state) => ServiceNames.SubState(state);

    protected override DateTimeOffset Now => _host.Time.GetUtcNow();

    protected override void Activate()
    {
        if (_machine.Settings != Definition.Service)
        {
            _machine = new ServiceMachine(Definition.Service);
        }

        Runs.Clear();
        _invocation = Guid.NewGuid().ToString("N");
        Apply(_machine.Start(Now, View));
    }

    protected override void RefuseStart() => Apply(_machine.RefuseStart(Now, View));

    /// <summary>A process that has just been started is not in its group yet.</summary>
    private ProcessView View => new(_main is not null, _control is not null, _main is null && _control is null && _group.IsEmpty, _machine.IsIdle ? null : DaemonSearch.Find(_machine.Settings, _group, ControlPid));

    private void LookForPidFile()
    {
        Apply(_machine.OnPidFile(Now, View));
        CheckGroup();
    }

    /// <summary>Something happened that only a kind of service knows.</summary>
    protected void Apply(Func<ServiceMachine, ProcessView, ImmutableArray<ServiceAction>> happened) => Apply(happened(_machine, View));

    private void Apply(ImmutableArray<ServiceAction> actions)
    {
        _refusal = null;
        foreach (var action in actions)
        {
            switch (action)
            {
                case ServiceAction.Run run:
                    Run(run);
                    break;
                case ServiceAction.Kill kill:
                    Kill(kill);
                    break;
                case ServiceAction.ArmTimer arm:
                    _stageTimer.Arm(arm.Deadline);
                    break;
                case ServiceAction.ArmWatchdog arm:
                    _watchdogTimer.Arm(arm.Deadline);
                    break;
                case ServiceAction.AdoptMain adopt:
                    TakeAsMain(adopt.Pid);
                    break;
                case ServiceAction.Entered entered when _refusal is null:
                    NoteEntered(entered.State);
                    break;
                case ServiceAction.Clear clear:
                    Clear(clear.IsRestarting);
                    break;
                case ServiceAction.RequestRestart:
                    _host.Post(() => _host.Restart(this));
                    break;
                case ServiceAction.PropagateReload:
                    _host.Post(() => _host.PropagateReload(this));
                    break;
                case ServiceAction.TellLeftOvers left:
                    TellLeftOvers(left.IsStarting);
                    break;
                case ServiceAction.TellMissingPidFile missing when !File.Exists(_machine.Settings.PidFile):
                    Report($"Can't open PID file {_machine.Settings.PidFile} (yet?) after {ServiceNames.SubState(missing.After)}: No such file or directory");
                    break;
                case ServiceAction.Report report:
                    Report(report.Text, report.Priority);
                    break;
            }
        }

        if (_refusal is var (role, why))
        {
            // Before anybody sees the state that a successful start would have led to.
            Apply(_machine.OnRunFailed(role, why, Now, View));
            return;
        }

        _pidFileTimer.Arm(_machine.IsAwaitingPidFile ? Now + _pidFilePeriod : null);
        if (_machine.IsIdle)
        {
            _group.Remove();
            CloseOutput();
        }

        Touched(this);
    }

    /// <summary>Down, with another file: how its commands went is still what it was.</summary>
    private void Renew()
    {
        var (runs, main) = (Runs.Remember(_machine.Settings), Runs.Main);
        _machine = new ServiceMachine(Definition.Service);
        Runs.Recall(_machine.Settings, runs, main);
    }

    private void Clear(bool isRestarting)
    {
        try
        {
            if (_machine.Settings.PidFile is { } file)
            {
                File.Delete(file);
            }

            ServiceDirectories.Leave(Definition.Context, isRestarting);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            Report($"Failed to clean up: {refused.Message}", Priorities.Warning);
        }
    }

    /// <summary>A pipe that nobody holds any more; without a cgroup that is not known.</summary>
    private void CloseOutput()
    {
        if (_group.Directory is not null && _group.IsEmpty)
        {
            _output.Close();
        }
    }

    private void Set(ProcessIdentity process, ProcessRole role)
    {
        _lastPid = process.Pid;
        if (role == ProcessRole.Main)
        {
            _main = process;
            Runs.BeginMain(process.Pid, Moment.At(Now));
        }
        else
        {
            _control = process;
        }
    }

    private void Run(ServiceAction.Run run)
    {
        try
        {
            int output = _output.Open();
            _group.Prepare();
            bool isMain = run.Role == ProcessRole.Main || (_machine.Settings.Type == ServiceType.Forking && _machine.State == ServiceState.Start);
            var sockets = isMain ? _host.SocketsOf(this) : [];
            bool isReported = isMain && _machine.Settings.Type == ServiceType.Exec;
            var spec = _host.Commands.SpecOf(run.Command, Definition.Context, CircumstancesOf(run.Role, [.. sockets.Select(socket => socket.Name)]));
            bool isIdle = run.Role == ProcessRole.Main && _machine.Settings.Type == ServiceType.Idle;
            int[] passed = [.. sockets.Select(socket => socket.Descriptor), .. isIdle ? (int[])[_host.Idle.Join()] : []];
            Action<bool>? onExecuted = isReported ? isDone => _host.Post(() => OnExecuted(isDone)) : null;
            _host.Children.Spawn(spec with { IsIdle = isIdle }, output, passed, onExecuted, pid =>
            {
                _host.Register(pid, this, run.Role);
                _group.Add(pid, isLeader: !spec.StaysInGroup);
                Runs.Begin(run.Command, pid, Moment.At(Now));
                Set(ProcessIdentity.TryRead(pid, isDeadToo: true) ?? new(pid, 0), run.Role);
            });
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            if (failure is EnvironmentFileException { Path: var file })
            {
                Report($"Failed to load environment files: {failure.Message} ({file})", Priorities.Error);
            }

            // The machine is in the middle of a step: it hears of the failure after it.
            _refusal = (run.Role, SystemError.TextOf(failure));
        }
    }

    /// <summary>A failed executor ends by itself, and that end tells why.</summary>
    private void OnExecuted(bool isDone)
    {
        if (isDone)
        {
            Apply(_machine.OnExecuted(Now, View));
        }
    }

    private CommandCircumstances CircumstancesOf(ProcessRole role, ImmutableArray<string> sockets)
    {
        bool isEnding = role == ProcessRole.Control && _machine.State is ServiceState.Stop or ServiceState.StopPost;
        return new()
        {
            InvocationId = _invocation,
            MainPid = role == ProcessRole.Control ? MainPid : null,
            Result = isEnding ? _machine.Result : null,
            MainExit = _machine.MainExit,
            Monitored = role == ProcessRole.Main || _machine.State is ServiceState.StartPre or ServiceState.Start ? _host.MonitoredBy(this) : null,
            NotifySocket = _machine.Settings.NotifyAccess == NotifyAccess.None ? null : _host.NotifyAddress,
            Watchdog = role == ProcessRole.Main ? _machine.Settings.Watchdog : null,
            DescriptorNames = sockets,
            ControlGroupFile = _group.JoinFile,
        };
    }
}
