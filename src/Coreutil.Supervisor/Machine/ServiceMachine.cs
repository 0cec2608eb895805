using System.Collections.Immutable;

namespace Coreutil.Supervisor.Machine;

/// <summary>
/// One service's life as systemd leads it: events in, actions out. Pure: time and what is alive come with each event, nothing is done here.
/// The chart is in the README; each rule's source is systemd.service(5) and the recorded behaviour of systemd 252.
/// </summary>
public sealed class ServiceMachine(ServiceSettings settings)
{
    private readonly ImmutableArray<ServiceAction>.Builder _actions = ImmutableArray.CreateBuilder<ServiceAction>();
    private readonly Queue<DateTimeOffset> _starts = new();
    private int _next;
    private bool _isRestartForbidden;
    private ProcessExit? _mainExitWhileBusy;
    private DateTimeOffset _now;
    private ProcessView _view;

    public ServiceSettings Settings => settings;

    public ServiceState State { get; private set; } = ServiceState.Dead;

    public ServiceResult Result { get; private set; } = ServiceResult.Success;

    /// <summary>How the main process ended last; null while it runs or before it ever ran.</summary>
    public ProcessExit? MainExit { get; private set; }

    public int RestartCount { get; private set; }

    /// <summary>When the service last entered or left the active states.</summary>
    public DateTimeOffset ChangedAt { get; private set; }

    public bool IsIdle => State is ServiceState.Dead or ServiceState.Failed;

    /// <summary>A start job: nothing for a service that is up or coming up.</summary>
    public ImmutableArray<ServiceAction> Start(DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        if (IsIdle || State == ServiceState.AutoRestart)
        {
            _isRestartForbidden = false;
            RestartCount = State == ServiceState.AutoRestart ? RestartCount : 0;
            TryStart(isAutomatic: false);
        }

        return Finish();
    }

    /// <summary>A stop job, by a person or by a dependency: after it nothing restarts.</summary>
    public ImmutableArray<ServiceAction> Stop(DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        _isRestartForbidden = true;
        switch (State)
        {
            case ServiceState.AutoRestart:
                Result = ServiceResult.Success;
                Enter(ServiceState.Dead);
                Arm(null);
                break;
            case ServiceState.StartPre or ServiceState.Start or ServiceState.StartPost:
                EnterSignal(ServiceState.StopSigterm);
                break;
            case ServiceState.Running or ServiceState.Exited:
                EnterStop();
                break;
        }

        return Finish();
    }

    public ImmutableArray<ServiceAction> ResetFailed()
    {
        Begin(_now, _view);
        _starts.Clear();
        if (State == ServiceState.Failed)
        {
            Result = ServiceResult.Success;
            Enter(ServiceState.Dead);
        }

        return Finish();
    }

    /// <summary>A running service was found after a crash of the supervisor: it is taken up where it stands.</summary>
    public void Adopt(ServiceState state, DateTimeOffset since)
    {
        State = state;
        ChangedAt = since;
    }

    public ImmutableArray<ServiceAction> OnMainExited(ProcessExit exit, DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        MainExit = exit;
        bool isClean = exit.IsClean(settings.Type != ServiceType.Oneshot, settings.SuccessStatuses);
        var command = settings.Type == ServiceType.Oneshot && State == ServiceState.Start ? settings.Start[_next] : settings.Start[0];
        var failure = isClean || command.IsFailureIgnored ? ServiceResult.Success : exit.Result;
        if (failure != ServiceResult.Success)
        {
            _actions.Add(new ServiceAction.Report($"Main process exited, code={exit.CodeText}, status={Describe(exit)}"));
        }

        switch (State)
        {
            case ServiceState.Start:
                Keep(failure);
                if (failure != ServiceResult.Success)
                {
                    EnterSignal(ServiceState.StopSigterm);
                }
                else if (++_next < settings.Start.Length)
                {
                    Run(settings.Start[_next], ProcessRole.Main);
                }
                else
                {
                    EnterStartPost();
                }

                break;
            case ServiceState.StartPost:
                // The Post command goes on; what the main process did counts when it is done.
                Keep(failure);
                _mainExitWhileBusy = exit;
                break;
            case ServiceState.Running:
                Keep(failure);
                LeaveRunning(failure);
                break;
            case ServiceState.StopSigterm or ServiceState.StopSigkill:
                Keep(failure);
                LeaveSignalStage();
                break;
            case ServiceState.FinalSigterm or ServiceState.FinalSigkill:
                Keep(failure);
                LeaveFinalStage();
                break;
            case ServiceState.Stop:
                // ExecStop is still running and may well be what ended it.
                Keep(failure);
                break;
        }

        return Finish();
    }

    public ImmutableArray<ServiceAction> OnControlExited(ProcessExit exit, DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        var commands = CommandsOf(State);
        if (_next >= commands.Length)
        {
            // The command was killed by a timeout or a stop: only its stage matters now.
            LeaveSignalStage();
            LeaveFinalStage();
            return Finish();
        }

        bool isIgnored = commands[_next].IsFailureIgnored;
        var failure = isIgnored || exit.IsClean(isDaemon: false, ExitStatusSet.Empty) ? ServiceResult.Success : exit.Result;
        if (failure != ServiceResult.Success)
        {
            _actions.Add(new ServiceAction.Report($"Control process exited, code={exit.CodeText}, status={Describe(exit)}"));
        }

        Keep(failure);
        bool hasNext = failure == ServiceResult.Success && ++_next < commands.Length;
        if (hasNext)
        {
            Run(commands[_next], ProcessRole.Control);
            return Finish();
        }

        switch (State)
        {
            case ServiceState.StartPre when failure == ServiceResult.Success:
                EnterStart();
                break;
            case ServiceState.StartPost when failure == ServiceResult.Success:
                EnterRunning();
                break;
            case ServiceState.StartPre or ServiceState.StartPost or ServiceState.Stop:
                EnterSignal(ServiceState.StopSigterm);
                break;
            case ServiceState.StopPost:
                EnterSignal(ServiceState.FinalSigterm);
                break;
        }

        return Finish();
    }

    /// <summary>The last process of the group is gone.</summary>
    public ImmutableArray<ServiceAction> OnGroupEmpty(DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        LeaveSignalStage();
        LeaveFinalStage();
        return Finish();
    }

    /// <summary>The command could not even be tried: its environment file is missing, the process table is full.</summary>
    public ImmutableArray<ServiceAction> OnRunFailed(ProcessRole role, string reason, DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        _actions.Add(new ServiceAction.Report($"Failed to run the {(role == ProcessRole.Main ? "main" : "control")} process: {reason}"));
        Keep(ServiceResult.Resources);
        EnterSignal(State is ServiceState.StopPost ? ServiceState.FinalSigterm : ServiceState.StopSigterm);
        return Finish();
    }

    public ImmutableArray<ServiceAction> OnTimer(DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        switch (State)
        {
            case ServiceState.AutoRestart:
                RestartCount++;
                _actions.Add(new ServiceAction.Report($"Scheduled restart job, restart counter is at {RestartCount}."));
                TryStart(isAutomatic: true);
                break;
            case ServiceState.StartPre or ServiceState.Start or ServiceState.StartPost:
                TimeOut("start operation timed out. Terminating.");
                EnterSignal(ServiceState.StopSigterm);
                break;
            case ServiceState.Stop:
                TimeOut("stopping timed out. Terminating.");
                EnterSignal(ServiceState.StopSigterm);
                break;
            case ServiceState.StopSigterm when settings.SendsKill:
                TimeOut("State 'stop-sigterm' timed out. Killing.");
                EnterSignal(ServiceState.StopSigkill);
                break;
            case ServiceState.StopSigterm or ServiceState.StopSigkill:
                TimeOut($"State '{ServiceNames.SubState(State)}' timed out.");
                EnterStopPost();
                break;
            case ServiceState.StopPost:
                TimeOut("State 'stop-post' timed out. Terminating.");
                EnterSignal(ServiceState.FinalSigterm);
                break;
            case ServiceState.FinalSigterm when settings.SendsKill:
                TimeOut("State 'final-sigterm' timed out. Killing.");
                EnterSignal(ServiceState.FinalSigkill);
                break;
            case ServiceState.FinalSigterm or ServiceState.FinalSigkill:
                TimeOut("Processes still around after final SIGKILL. Entering failed mode.");
                EnterDead();
                break;
        }

        return Finish();
    }

    private void TryStart(bool isAutomatic)
    {
        if (IsStartLimitHit())
        {
            // An automatic restart that hits the limit keeps the failure it came from.
            Result = isAutomatic ? Result : ServiceResult.StartLimitHit;
            _actions.Add(new ServiceAction.Report("Start request repeated too quickly."));
            Enter(ServiceState.Failed);
            Arm(null);
            return;
        }

        Result = ServiceResult.Success;
        MainExit = null;
        _mainExitWhileBusy = null;
        if (settings.StartPre.Length == 0)
        {
            EnterStart();
            return;
        }

        Enter(ServiceState.StartPre);
        ArmAfter(settings.StartTimeout);
        RunFirst(settings.StartPre, ProcessRole.Control);
    }

    private bool IsStartLimitHit()
    {
        if (settings.StartLimitInterval == TimeSpan.Zero || settings.StartLimitBurst == 0)
        {
            return false;
        }

        while (_starts.TryPeek(out var oldest) && _now - oldest >= settings.StartLimitInterval)
        {
            _starts.Dequeue();
        }

        if (_starts.Count >= settings.StartLimitBurst)
        {
            return true;
        }

        _starts.Enqueue(_now);
        return false;
    }

    private void EnterStart()
    {
        if (settings.Start.Length == 0)
        {
            // A oneshot may consist of its Stop lines only.
            EnterStartPost();
            return;
        }

        if (settings.Type == ServiceType.Oneshot)
        {
            Enter(ServiceState.Start);
            ArmAfter(settings.StartTimeout);
            RunFirst(settings.Start, ProcessRole.Main);
            return;
        }

        RunFirst(settings.Start, ProcessRole.Main);
        EnterStartPost();
    }

    private void EnterStartPost()
    {
        if (settings.StartPost.Length == 0)
        {
            EnterRunning();
            return;
        }

        Enter(ServiceState.StartPost);
        ArmAfter(settings.StartTimeout);
        RunFirst(settings.StartPost, ProcessRole.Control);
    }

    private void EnterRunning()
    {
        Arm(null);
        bool isMainGone = settings.Type == ServiceType.Oneshot || _mainExitWhileBusy is not null;
        if (!isMainGone)
        {
            Enter(ServiceState.Running);
            return;
        }

        LeaveRunning(Result);
    }

    /// <summary>The main process is gone: a failure goes on to the killing of the rest, a success runs ExecStop first.</summary>
    private void LeaveRunning(ServiceResult failure)
    {
        if (failure != ServiceResult.Success)
        {
            EnterSignal(ServiceState.StopSigterm);
        }
        else if (settings.RemainsAfterExit)
        {
            Enter(ServiceState.Exited);
        }
        else
        {
            EnterStop();
        }
    }

    private void EnterStop()
    {
        if (settings.Stop.Length == 0)
        {
            EnterSignal(ServiceState.StopSigterm);
            return;
        }

        Enter(ServiceState.Stop);
        ArmAfter(settings.StopTimeout);
        RunFirst(settings.Stop, ProcessRole.Control);
    }

    private void EnterSignal(ServiceState stage)
    {
        bool isForced = stage is ServiceState.StopSigkill or ServiceState.FinalSigkill;
        var kills = KillPolicy.Signal(settings, isForced, _view);
        _next = int.MaxValue;
        if (kills.Length > 0)
        {
            _actions.AddRange(kills);
            Enter(stage);
            ArmAfter(settings.StopTimeout);
            return;
        }

        // Nobody to signal: the stage is passed through, by way of SIGKILL where the mode spared some processes so far.
        switch (stage)
        {
            case ServiceState.StopSigterm or ServiceState.StopSigkill:
                EnterStopPost();
                break;
            case ServiceState.FinalSigterm when settings.SendsKill && settings.KillMode == KillMode.Mixed && !_view.IsGroupEmpty:
                EnterSignal(ServiceState.FinalSigkill);
                break;
            default:
                EnterDead();
                break;
        }
    }

    /// <summary>A main process that has ended, with no control process left, ends the first stage whoever else still lives.</summary>
    private void LeaveSignalStage()
    {
        if (State is ServiceState.StopSigterm or ServiceState.StopSigkill && !_view.IsMainAlive && !_view.IsControlAlive)
        {
            EnterStopPost();
        }
    }

    private void LeaveFinalStage()
    {
        bool isOver = settings.KillMode == KillMode.Process ? !_view.IsMainAlive && !_view.IsControlAlive : _view.IsGroupEmpty;
        if (State is ServiceState.FinalSigterm or ServiceState.FinalSigkill && isOver)
        {
            EnterDead();
        }
    }

    private void EnterStopPost()
    {
        if (settings.StopPost.Length == 0)
        {
            EnterSignal(ServiceState.FinalSigterm);
            return;
        }

        Enter(ServiceState.StopPost);
        ArmAfter(settings.StopTimeout);
        RunFirst(settings.StopPost, ProcessRole.Control);
    }

    private void EnterDead()
    {
        if (!_isRestartForbidden && RestartPolicy.Restarts(settings, Result, MainExit))
        {
            Enter(ServiceState.AutoRestart);
            ArmAfter(settings.RestartDelay);
            return;
        }

        Arm(null);
        Enter(Result == ServiceResult.Success ? ServiceState.Dead : ServiceState.Failed);
        if (Result != ServiceResult.Success)
        {
            _actions.Add(new ServiceAction.Report($"Failed with result '{ServiceNames.Result(Result)}'."));
        }
    }

    private ImmutableArray<ServiceCommand> CommandsOf(ServiceState state) => state switch
    {
        ServiceState.StartPre => settings.StartPre,
        ServiceState.StartPost => settings.StartPost,
        ServiceState.Stop => settings.Stop,
        ServiceState.StopPost => settings.StopPost,
        _ => [],
    };

    private void RunFirst(ImmutableArray<ServiceCommand> commands, ProcessRole role)
    {
        _next = 0;
        Run(commands[0], role);
    }

    private void Run(ServiceCommand command, ProcessRole role)
    {
        _actions.Add(new ServiceAction.Run(command, role));

        // What is being started counts as alive for the decisions of this same event.
        _view = role == ProcessRole.Main
            ? _view with { IsMainAlive = true, IsGroupEmpty = false }
            : _view with { IsControlAlive = true, IsGroupEmpty = false };
    }

    private void TimeOut(string report)
    {
        _actions.Add(new ServiceAction.Report(report));
        Keep(ServiceResult.Timeout);
    }

    /// <summary>The first failure is the one that is told.</summary>
    private void Keep(ServiceResult result) => Result = Result == ServiceResult.Success ? result : Result;

    private void Enter(ServiceState state)
    {
        if (ServiceNames.ActiveState(State) != ServiceNames.ActiveState(state))
        {
            ChangedAt = _now;
        }

        State = state;
    }

    private void ArmAfter(TimeSpan? delay) => Arm(delay is { } span ? _now + span : null);

    private void Arm(DateTimeOffset? deadline) => _actions.Add(new ServiceAction.ArmTimer(deadline));

    private void Begin(DateTimeOffset now, ProcessView view)
    {
        _now = now;
        _view = view;
        _actions.Clear();
    }

    private ImmutableArray<ServiceAction> Finish() => _actions.DrainToImmutable();

    private static string Describe(ProcessExit exit) => exit.Kind == ProcessExitKind.Exited
        ? $"{exit.StatusText}/{ExitCodeNames.Of(exit.Status)}"
        : $"{exit.Status}/{exit.StatusText}";
}
