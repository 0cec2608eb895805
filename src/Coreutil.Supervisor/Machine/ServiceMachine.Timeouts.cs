using System.Collections.Immutable;
using Coreutil.Supervisor.Journal;

namespace Coreutil.Supervisor.Machine;

/// <summary>What a stage that takes too long leads to.</summary>
public sealed partial class ServiceMachine
{
    public ImmutableArray<ServiceAction> OnTimer(DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        string state = ServiceNames.SubState(State);
        switch (State)
        {
            case ServiceState.AutoRestart:
                RestartCount++;
                _actions.Add(new ServiceAction.Report($"Scheduled restart job, restart counter is at {RestartCount}."));
                _actions.Add(new ServiceAction.RequestRestart());
                break;
            case ServiceState.Condition or ServiceState.StartPre or ServiceState.Start or ServiceState.StartPost:
                EndLate($"{state} operation", settings.StartFailureMode, ServiceState.StopSigterm);
                break;
            case ServiceState.Running:
                ReportLate("Service reached runtime time limit. Stopping.");
                EnterStop(ServiceResult.Timeout);
                break;
            case ServiceState.Reload:
                ReportLate("Reload operation timed out. Killing reload process.");
                _actions.Add(new ServiceAction.Kill(KillTarget.Control, Signals.Kill));
                (_controlStage, ReloadResult, _lastNotification) = (null, ServiceResult.Timeout, ServiceNotification.None);
                EnterRunning(ServiceResult.Success);
                break;
            case ServiceState.Stop:
                EndLate("Stopping", settings.StopFailureMode, ServiceState.StopSigterm);
                break;
            case ServiceState.StopSigterm:
                EndLate($"State '{state}'", HarderMode, ServiceState.StopSigterm);
                break;
            case ServiceState.StopWatchdog:
                EndLate($"State '{state}'", TimeoutFailureMode.Kill, ServiceState.StopSigterm);
                break;
            case ServiceState.StopSigkill:
                ReportLate("Processes still around after SIGKILL. Ignoring.");
                EnterStopPost(ServiceResult.Timeout);
                break;
            case ServiceState.StopPost:
                EndLate($"State '{state}'", settings.StopFailureMode, ServiceState.FinalSigterm);
                break;
            case ServiceState.FinalSigterm:
                EndLate($"State '{state}'", HarderMode, ServiceState.FinalSigterm);
                break;
            case ServiceState.FinalWatchdog:
                EndLate($"State '{state}'", TimeoutFailureMode.Kill, ServiceState.FinalSigterm);
                break;
            case ServiceState.FinalSigkill:
                ReportLate("Processes still around after final SIGKILL. Entering failed mode.");
                EnterDead(ServiceResult.Timeout, mayRestart: true);
                break;
        }

        return Finish();
    }

    /// <summary>A first signal was in vain: what comes next is the hard one, and before it perhaps the one that leaves a core.</summary>
    private TimeoutFailureMode HarderMode => settings.StopFailureMode == TimeoutFailureMode.Abort ? TimeoutFailureMode.Abort : TimeoutFailureMode.Kill;

    /// <summary>Signals what is left, as its mode has it; without SIGKILL the hard way is to go on and leave it.</summary>
    /// <param name="what">What took too long.</param>
    /// <param name="mode">How.</param>
    /// <param name="stage">The first of the three stages, of a stop or of its end.</param>
    private void EndLate(string what, TimeoutFailureMode mode, ServiceState stage)
    {
        bool isFinal = stage == ServiceState.FinalSigterm;
        switch (mode)
        {
            case TimeoutFailureMode.Terminate:
                ReportLate($"{what} timed out. Terminating.");
                EnterSignal(stage, ServiceResult.Timeout);
                break;
            case TimeoutFailureMode.Abort:
                ReportLate($"{what} timed out. Aborting.");
                EnterSignal(isFinal ? ServiceState.FinalWatchdog : ServiceState.StopWatchdog, ServiceResult.Timeout);
                break;
            case TimeoutFailureMode.Kill when settings.SendsKill:
                ReportLate($"{what} timed out. Killing.");
                EnterSignal(isFinal ? ServiceState.FinalSigkill : ServiceState.StopSigkill, ServiceResult.Timeout);
                break;
            case TimeoutFailureMode.Kill when isFinal:
                ReportLate($"{what} timed out. Skipping SIGKILL. Entering failed mode.");
                EnterDead(ServiceResult.Timeout, mayRestart: false);
                break;
            default:
                ReportLate($"{what} timed out. Skipping SIGKILL.");
                EnterStopPost(ServiceResult.Timeout);
                break;
        }
    }

    private void ReportLate(string text) => _actions.Add(new ServiceAction.Report(text, Priorities.Warning));
}
