using System.Collections.Immutable;
using Coreutil.Supervisor.Journal;

namespace Coreutil.Supervisor.Machine;

/// <summary>The ends of processes.</summary>
public sealed partial class ServiceMachine
{
    public ImmutableArray<ServiceAction> OnMainExited(ProcessExit exit, DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        if (IsOver || IsServingDaemonElsewhere())
        {
            return Finish();
        }

        MainExit = exit;
        bool isClean = exit.IsClean(settings.Type != ServiceType.Oneshot, settings.SuccessStatuses);
        var command = _isMainCommandOver ? settings.Start.FirstOrDefault() : settings.Start[_nextMain];
        var failure = isClean || command?.IsFailureIgnored == true ? ServiceResult.Success : exit.Result;
        if (failure != ServiceResult.Success)
        {
            ReportExit(_isMounted is null ? "Main" : "Mount", exit);
        }

        Keep(failure);
        if (!_isMainCommandOver && _nextMain + 1 < settings.Start.Length && Result == ServiceResult.Success)
        {
            _nextMain++;
            RunMain();
            return Finish();
        }

        _isMainCommandOver = true;
        switch (State)
        {
            case ServiceState.StartPost or ServiceState.Reload when !_view.IsControlAlive:
                EnterStop(failure);
                break;
            case ServiceState.Start when settings.Type == ServiceType.Oneshot && failure == ServiceResult.Success:
                EnterStartPost();
                break;
            case ServiceState.Start when settings.Type == ServiceType.Oneshot:
                EnterSignal(ServiceState.StopSigterm, failure);
                break;
            case ServiceState.Start when settings.Type == ServiceType.Notify && failure == ServiceResult.Success && settings.RemainsAfterExit && settings.NotifyAccess != NotifyAccess.Main:
                break;
            case ServiceState.Start when settings.Type == ServiceType.Notify:
                // Only its notification makes it running: without one it never was.
                EnterSignal(ServiceState.StopSigterm, failure == ServiceResult.Success ? ServiceResult.Protocol : failure);
                break;
            case ServiceState.Start or ServiceState.Running:
                EnterRunning(failure);
                break;
            case ServiceState.StopWatchdog or ServiceState.StopSigterm or ServiceState.StopSigkill when !_view.IsControlAlive:
                EnterStopPost(failure);
                break;
            case ServiceState.StopPost when !_view.IsControlAlive:
                EnterSignal(ServiceState.FinalSigterm, failure);
                break;
            case ServiceState.FinalWatchdog or ServiceState.FinalSigterm or ServiceState.FinalSigkill when !_view.IsControlAlive:
                EnterDead(failure, mayRestart: true);
                break;
        }

        return Finish();
    }

    public ImmutableArray<ServiceAction> OnControlExited(ProcessExit exit, DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        if (IsOver)
        {
            return Finish();
        }

        var commands = CommandsOf(_controlStage);
        bool isIgnored = _nextControl < commands.Length && commands[_nextControl].IsFailureIgnored;
        var failure = isIgnored || exit.IsClean(isDaemon: _controlStage == ServiceState.Start, settings.SuccessStatuses) ? ServiceResult.Success : exit.Result;
        if (State == ServiceState.Condition && exit is { Kind: ProcessExitKind.Exited, Status: > 0 and < 255 } && failure != ServiceResult.Success)
        {
            failure = ServiceResult.ExecCondition;
        }

        if (failure is not (ServiceResult.Success or ServiceResult.ExecCondition))
        {
            ReportExit(State == ServiceState.Condition ? "Condition check" : _isMounted is null ? "Control" : "Mount", exit);
        }

        if (State != ServiceState.Reload)
        {
            Keep(failure);
        }

        if (failure == ServiceResult.Success && _nextControl + 1 < commands.Length)
        {
            _nextControl++;
            RunNextControl();
            return Finish();
        }

        _controlStage = null;
        LeaveControl(failure);
        return Finish();
    }

    private void LeaveControl(ServiceResult failure)
    {
        switch (State)
        {
            case ServiceState.Condition or ServiceState.StartPre or ServiceState.StartPost when failure != ServiceResult.Success:
            case ServiceState.Start when failure != ServiceResult.Success && settings.Type == ServiceType.Forking:
                EnterSignal(ServiceState.StopSigterm, failure);
                break;
            case ServiceState.Condition:
                EnterStartPre();
                break;
            case ServiceState.StartPre:
                EnterStart();
                break;
            case ServiceState.Start when settings.Type == ServiceType.Forking:
                // A Post line may be what writes the PID file.
                if (TryFindDaemon(isLastChance: settings.StartPost.Length == 0))
                {
                    EnterStartPost();
                }

                break;
            case ServiceState.StartPost:
                if (settings.Type != ServiceType.Forking || TryFindDaemon(isLastChance: true))
                {
                    EnterRunning(ServiceResult.Success);
                }

                break;
            case ServiceState.Reload:
                ReloadResult = failure;
                EnterRunning(ServiceResult.Success);
                break;
            case ServiceState.Stop:
                EnterSignal(ServiceState.StopSigterm, failure);
                break;
            case ServiceState.StopWatchdog or ServiceState.StopSigterm or ServiceState.StopSigkill when !_view.IsMainAlive:
                EnterStopPost(failure);
                break;
            case ServiceState.StopPost when !_view.IsMainAlive:
                EnterSignal(ServiceState.FinalSigterm, failure);
                break;
            case ServiceState.FinalWatchdog or ServiceState.FinalSigterm or ServiceState.FinalSigkill when !_view.IsMainAlive:
                EnterDead(failure, mayRestart: true);
                break;
        }
    }

    /// <summary>The last process of the group is gone.</summary>
    public ImmutableArray<ServiceAction> OnGroupEmpty(DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        bool isGone = !_view.IsMainAlive && !_view.IsControlAlive;
        switch (State)
        {
            case ServiceState.Running when !_isMainKnown:
                EnterRunning(ServiceResult.Success);
                break;
            case ServiceState.StopWatchdog or ServiceState.StopSigterm or ServiceState.StopSigkill when isGone:
                EnterStopPost(ServiceResult.Success);
                break;
            case ServiceState.FinalWatchdog or ServiceState.FinalSigterm or ServiceState.FinalSigkill when isGone:
                EnterDead(ServiceResult.Success, mayRestart: true);
                break;
        }

        return Finish();
    }

    /// <summary>The PID file appeared, or the shell looked again.</summary>
    public ImmutableArray<ServiceAction> OnPidFile(DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        if (IsAwaitingPidFile && view.DaemonPid is not null && TryFindDaemon(isLastChance: true))
        {
            if (State == ServiceState.Start)
            {
                EnterStartPost();
            }
            else
            {
                EnterRunning(ServiceResult.Success);
            }
        }

        return Finish();
    }

    /// <summary>The main process of a Type=exec service has become its program.</summary>
    public ImmutableArray<ServiceAction> OnExecuted(DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        if (State == ServiceState.Start && settings.Type == ServiceType.Exec)
        {
            EnterStartPost();
        }

        return Finish();
    }

    /// <summary>The command could not even be tried: its environment file is missing, the process table is full.</summary>
    public ImmutableArray<ServiceAction> OnRunFailed(ProcessRole role, string reason, DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        ReportRunFailure(State is ServiceState.Running or ServiceState.StartPost && role == ProcessRole.Main ? ServiceState.Start : State, reason);
        switch (State)
        {
            case ServiceState.Condition or ServiceState.StartPre:
                EnterDead(ServiceResult.Resources, mayRestart: true);
                break;
            case ServiceState.Reload:
                ReloadResult = ServiceResult.Resources;
                EnterRunning(ServiceResult.Success);
                break;
            case ServiceState.StopPost:
                EnterSignal(ServiceState.FinalSigterm, ServiceResult.Resources);
                break;
            default:
                EnterSignal(ServiceState.StopSigterm, ServiceResult.Resources);
                break;
        }

        return Finish();
    }

    /// <summary>What a stop left behind is nobody's process any more.</summary>
    private bool IsOver => IsIdle || State == ServiceState.AutoRestart;

    /// <summary>A daemon may move on to a new process as long as it writes the PID file before the old one ends.</summary>
    private bool IsServingDaemonElsewhere()
    {
        if (settings.Type != ServiceType.Forking || settings.PidFile is null || _view.DaemonPid is not { } daemon || State is not (ServiceState.Running or ServiceState.Reload))
        {
            return false;
        }

        AdoptMain(daemon);
        return true;
    }

    /// <summary>False where the start waits on, or has failed: then the state says so.</summary>
    private bool TryFindDaemon(bool isLastChance)
    {
        if (_view.DaemonPid is { } daemon)
        {
            IsAwaitingPidFile = false;
            AdoptMain(daemon);
            return true;
        }

        if (settings.PidFile is null || !isLastChance)
        {
            return true;
        }

        _actions.Add(new ServiceAction.TellMissingPidFile(State));
        if (_view.IsGroupEmpty)
        {
            EnterSignal(ServiceState.StopSigterm, ServiceResult.Protocol);
        }
        else
        {
            IsAwaitingPidFile = true;
        }

        return false;
    }

    private void AdoptMain(int pid)
    {
        _actions.Add(new ServiceAction.AdoptMain(pid));
        _isMainKnown = true;
        _view = _view with { IsMainAlive = true };
    }

    /// <summary>Who exits by itself has told why; a signal comes from elsewhere.</summary>
    private void ReportExit(string process, ProcessExit exit)
    {
        bool hasExited = exit.Kind == ProcessExitKind.Exited;
        string status = hasExited ? $"{exit.StatusText}/{ExitCodeNames.Of(exit.Status)}" : $"{exit.Status}/{exit.StatusText}";
        _actions.Add(new ServiceAction.Report($"{process} process exited, code={exit.CodeText}, status={status}", hasExited ? Priorities.Notice : Priorities.Warning));
    }

    private void ReportRunFailure(ServiceState stage, string reason) =>
        _actions.Add(new ServiceAction.Report($"Failed to run '{(stage == ServiceState.Condition ? "exec-condition" : ServiceNames.SubState(stage))}' task: {reason}", Priorities.Warning));
}
