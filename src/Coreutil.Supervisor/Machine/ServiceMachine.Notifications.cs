using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Supervisor.Journal;

namespace Coreutil.Supervisor.Machine;

public enum ServiceNotification
{
    None,
    Ready,
    Reloading,
    Stopping,
}

/// <summary>sd_notify(3): what a service says of itself.</summary>
public sealed partial class ServiceMachine
{
    /// <summary>One datagram on the notification socket: assignments, a line each.</summary>
    /// <param name="fields">Name and value of each line.</param>
    /// <param name="isMainPidAlive">Looks whether a process named by MAINPID= is one of this unit.</param>
    /// <param name="now">The time.</param>
    /// <param name="view">What is alive.</param>
    public ImmutableArray<ServiceAction> OnNotified(
        IReadOnlyList<KeyValuePair<string, string>> fields, Func<int, bool> isMainPidAlive, DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        foreach (var (name, value) in fields)
        {
            switch (name)
            {
                case "MAINPID" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && IsUp && isMainPidAlive(pid):
                    AdoptMain(pid);
                    break;
                case "STATUS":
                    StatusText = value;
                    break;
                case "EXTEND_TIMEOUT_USEC" when ReadMicroseconds(value) is { } extension && _deadline is { } deadline && _now + extension > deadline:
                    Arm(_now + extension);
                    break;
                case "WATCHDOG_USEC" when ReadMicroseconds(value) is { } silence:
                    _watchdog = silence;
                    FeedWatchdog();
                    break;
                case "WATCHDOG" when value == "1":
                    FeedWatchdog();
                    break;
                case "WATCHDOG" when value == "trigger":
                    EnterWatchdog($"Watchdog request (last status: {(StatusText.Length == 0 ? "<unset>" : StatusText)})!");
                    break;
            }
        }

        // Several states in one message: the last one counts.
        var states = fields.Where(field => field.Value == "1").Select(field => field.Key switch
        {
            "READY" => ServiceNotification.Ready,
            "RELOADING" => ServiceNotification.Reloading,
            "STOPPING" => ServiceNotification.Stopping,
            _ => ServiceNotification.None,
        }).Where(state => state != ServiceNotification.None).ToArray();
        if (states.Length > 0)
        {
            OnState(states[^1]);
        }

        return Finish();
    }

    /// <summary>The service has been silent for WatchdogSec=.</summary>
    public ImmutableArray<ServiceAction> OnWatchdog(DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        EnterWatchdog($"Watchdog timeout (limit {TimeText.Span(Watchdog)})!");
        return Finish();
    }

    private bool IsUp => State is ServiceState.Start or ServiceState.StartPost or ServiceState.Running or ServiceState.Reload;

    private void OnState(ServiceNotification state)
    {
        _lastNotification = state;
        switch (State, state)
        {
            case (ServiceState.Start, ServiceNotification.Ready) when settings.Type == ServiceType.Notify:
                EnterStartPost();
                break;
            case (ServiceState.Running, ServiceNotification.Reloading):
                EnterRunning(ServiceResult.Success);
                _actions.Add(new ServiceAction.PropagateReload());
                break;
            case (ServiceState.Reload, ServiceNotification.Ready) when !_view.IsControlAlive:
            case (ServiceState.Running, ServiceNotification.Stopping):
                EnterRunning(ServiceResult.Success);
                break;
        }
    }

    /// <summary>The longest silence: the file's, until the service asks for another one (WATCHDOG_USEC=; zero is none).</summary>
    private TimeSpan? Watchdog => _watchdog == TimeSpan.Zero ? null : _watchdog ?? settings.Watchdog;

    private void EnterWatchdog(string why)
    {
        if (State is ServiceState.StartPost or ServiceState.Running or ServiceState.Reload)
        {
            _actions.Add(new ServiceAction.Report(why, Priorities.Error));
            EnterSignal(ServiceState.StopWatchdog, ServiceResult.Watchdog);
        }
    }

    private void FeedWatchdog()
    {
        if (Watchdog is { } silence)
        {
            _actions.Add(new ServiceAction.ArmWatchdog(_now + silence));
        }
    }

    private static TimeSpan? ReadMicroseconds(string text) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) && value < long.MaxValue / 10 ? TimeSpan.FromMicroseconds(value) : null;
}
