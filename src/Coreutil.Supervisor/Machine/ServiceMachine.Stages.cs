using System.Collections.Immutable;
using Coreutil.Supervisor.Journal;

namespace Coreutil.Supervisor.Machine;

/// <summary>The stages, each entered by one method; a stage without commands, or with nobody to signal, leads on to the next in the same step.</summary>
public sealed partial class ServiceMachine
{
    private void EnterCondition() => EnterFirst(ServiceState.Condition, settings.Condition, EnterStartPre);

    private void EnterStartPre() => EnterFirst(ServiceState.StartPre, settings.StartPre, EnterStart);

    private void EnterFirst(ServiceState stage, ImmutableArray<ServiceCommand> commands, Action next)
    {
        if (commands.Length > 0 && RefusesLeftOvers(stage))
        {
            EnterDead(ServiceResult.Resources, mayRestart: true);
            return;
        }

        EnterControl(stage, commands, settings.StartTimeout, next);
    }

    /// <summary>What may never be killed the hard way (a database) must not run twice either.</summary>
    private bool RefusesLeftOvers(ServiceState stage)
    {
        if (_view.IsGroupEmpty)
        {
            return false;
        }

        _actions.Add(new ServiceAction.TellLeftOvers(IsStarting: true));
        bool isRefused = !settings.SendsKill && settings.KillMode is KillMode.Mixed or KillMode.ControlGroup;
        if (isRefused)
        {
            _actions.Add(new ServiceAction.Report("Will not start SendSIGKILL=no service of type KillMode=control-group or mixed while processes exist", Priorities.Error));
            ReportRunFailure(stage, "Device or resource busy");
        }

        return isRefused;
    }

    private void EnterStart()
    {
        if (RefusesLeftOvers(ServiceState.Start))
        {
            EnterSignal(ServiceState.StopSigterm, ServiceResult.Resources);
            return;
        }

        if (settings.Start.Length == 0)
        {
            // A oneshot may consist of its Stop lines only.
            Enter(ServiceState.Start);
            EnterStartPost();
            return;
        }

        if (settings.Type == ServiceType.Forking)
        {
            Enter(ServiceState.Start);
            ArmAfter(settings.StartTimeout);
            RunControl(ServiceState.Start);
            return;
        }

        (_nextMain, _isMainCommandOver) = (0, false);
        RunMain();
        if (settings.Type is ServiceType.Simple or ServiceType.Idle)
        {
            Arm(null);
            EnterStartPost();
            return;
        }

        Enter(ServiceState.Start);
        ArmAfter(settings.StartTimeout);
    }

    private void EnterStartPost()
    {
        FeedWatchdog();
        EnterControl(ServiceState.StartPost, settings.StartPost, settings.StartTimeout, () => EnterRunning(ServiceResult.Success));
    }

    private void EnterRunning(ServiceResult result)
    {
        Keep(result);
        if (Result != ServiceResult.Success)
        {
            EnterSignal(ServiceState.StopSigterm, ServiceResult.Success);
        }
        else if (IsServing)
        {
            if (_lastNotification == ServiceNotification.Stopping)
            {
                EnterStopByItself();
                return;
            }

            bool isReloading = _lastNotification == ServiceNotification.Reloading;
            Enter(isReloading ? ServiceState.Reload : ServiceState.Running);
            ArmAfter(isReloading ? settings.StartTimeout : settings.LongestRun);
        }
        else if (_isMounted == false)
        {
            EnterDead(ServiceResult.Protocol, mayRestart: false);
        }
        else if (settings.RemainsAfterExit)
        {
            Arm(null);
            Enter(ServiceState.Exited);
        }
        else
        {
            EnterStop(ServiceResult.Success);
        }
    }

    /// <summary>Its main process lives, or nobody knows which that is and something lives.</summary>
    private bool IsServing => _isMainKnown ? _view.IsMainAlive : !_view.IsGroupEmpty;

    /// <summary>It said STOPPING=1: as good as if it had been told to end.</summary>
    private void EnterStopByItself()
    {
        Enter(ServiceState.StopSigterm);
        ArmAfter(settings.StopTimeout);
    }

    private void EnterStop(ServiceResult result)
    {
        Keep(result);
        EnterControl(ServiceState.Stop, settings.Stop, settings.StopTimeout, () => EnterSignal(ServiceState.StopSigterm, ServiceResult.Success));
    }

    private void EnterSignal(ServiceState stage, ServiceResult result)
    {
        Keep(result);
        var purpose = stage switch
        {
            ServiceState.StopWatchdog or ServiceState.FinalWatchdog => KillPurpose.Watchdog,
            ServiceState.StopSigkill or ServiceState.FinalSigkill => KillPurpose.Final,
            ServiceState.StopSigterm when _isRestarting => KillPurpose.Restart,
            _ => KillPurpose.Terminate,
        };
        var kills = KillPolicy.Signal(settings, purpose, _view);
        if (kills.Length > 0)
        {
            _actions.AddRange(kills);
            Enter(stage);
            ArmAfter(purpose == KillPurpose.Watchdog ? settings.AbortTimeout : settings.StopTimeout);
            return;
        }

        // Nobody to signal: on, by way of SIGKILL, which reaches some that the first signal spares.
        switch (stage)
        {
            case ServiceState.StopSigterm or ServiceState.StopWatchdog when settings.SendsKill:
                EnterSignal(ServiceState.StopSigkill, ServiceResult.Success);
                break;
            case ServiceState.StopSigterm or ServiceState.StopWatchdog or ServiceState.StopSigkill:
                EnterStopPost(ServiceResult.Success);
                break;
            case ServiceState.FinalSigterm or ServiceState.FinalWatchdog when settings.SendsKill:
                EnterSignal(ServiceState.FinalSigkill, ServiceResult.Success);
                break;
            default:
                EnterDead(ServiceResult.Success, mayRestart: true);
                break;
        }
    }

    private void EnterStopPost(ServiceResult result)
    {
        Keep(result);
        EnterControl(ServiceState.StopPost, settings.StopPost, settings.StopTimeout, () => EnterSignal(ServiceState.FinalSigterm, ServiceResult.Success));
    }

    private void EnterDead(ServiceResult result, bool mayRestart)
    {
        Keep(result);
        if (_isMounted == true)
        {
            Arm(null);
            Enter(ServiceState.Exited);
            return;
        }

        bool restarts = mayRestart && !_isRestartForbidden && RestartPolicy.Restarts(settings, Result, MainExit);
        bool isRestarting = restarts || _isRestarting;
        _isRestarting = false;
        _actions.Add(new ServiceAction.ArmWatchdog(null));
        _actions.Add(ServiceAction.Report.OfEnd(Result));
        _actions.Add(new ServiceAction.TellLeftOvers(IsStarting: false));

        // systemd too is down for a moment before it waits: whoever follows the states sees it.
        Enter(Result is ServiceResult.Success or ServiceResult.ExecCondition ? ServiceState.Dead : ServiceState.Failed);
        _actions.Add(new ServiceAction.Clear(isRestarting));

        if (restarts)
        {
            Enter(ServiceState.AutoRestart);
            ArmAfter(settings.RestartDelay);
            return;
        }

        _isCounterStale = true;
        Arm(null);
    }

    private void EnterControl(ServiceState stage, ImmutableArray<ServiceCommand> commands, TimeSpan? timeout, Action next)
    {
        if (commands.Length == 0)
        {
            next();
            return;
        }

        Enter(stage);
        ArmAfter(timeout);
        RunControl(stage);
    }

    private void RunControl(ServiceState stage)
    {
        (_controlStage, _nextControl) = (stage, 0);
        RunNextControl();
    }

    // What is being started counts as alive for the decisions of this same event.
    private void RunNextControl()
    {
        _actions.Add(new ServiceAction.Run(CommandsOf(_controlStage)[_nextControl], ProcessRole.Control));
        _view = _view with { IsControlAlive = true, IsGroupEmpty = false };
    }

    private ImmutableArray<ServiceCommand> CommandsOf(ServiceState? stage) => stage switch
    {
        ServiceState.Condition => settings.Condition,
        ServiceState.StartPre => settings.StartPre,
        ServiceState.Start => settings.Start,
        ServiceState.StartPost => settings.StartPost,
        ServiceState.Reload => settings.Reload,
        ServiceState.Stop => settings.Stop,
        ServiceState.StopPost => settings.StopPost,
        _ => [],
    };

    private void RunMain()
    {
        _actions.Add(new ServiceAction.Run(settings.Start[_nextMain], ProcessRole.Main));
        _view = _view with { IsMainAlive = true, IsGroupEmpty = false };
        _isMainKnown = true;
    }

    /// <summary>The first failure is the one that is told.</summary>
    private void Keep(ServiceResult result) => Result = Result == ServiceResult.Success ? result : Result;

    private void Enter(ServiceState state)
    {
        if (ServiceNames.ActiveState(State, settings.Type) != ServiceNames.ActiveState(state, settings.Type))
        {
            ChangedAt = _now;
        }

        if (State != state)
        {
            State = state;
            _actions.Add(new ServiceAction.Entered(state));
        }
    }

    private void ArmAfter(TimeSpan? delay) => Arm(delay is { } span ? _now + span : null);

    private void Arm(DateTimeOffset? deadline)
    {
        _deadline = deadline;
        _actions.Add(new ServiceAction.ArmTimer(deadline));
    }
}
