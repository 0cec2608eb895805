using System.Collections.Immutable;
using Coreutil.Supervisor.Journal;

namespace Coreutil.Supervisor.Machine;

/// <summary>
/// One service's life as systemd leads it: events in, actions out. Pure: time and what is alive come with each event, nothing is done here.
/// The chart is in the README; each rule's source is systemd.service(5) and what systemd 252 was seen to do. This part takes requests; the others
/// hold the ends of processes, timers and notifications, and the stages.
/// </summary>
public sealed partial class ServiceMachine(ServiceSettings settings)
{
    private readonly ImmutableArray<ServiceAction>.Builder _actions = ImmutableArray.CreateBuilder<ServiceAction>();
    private ServiceState? _controlStage;
    private int _nextControl;
    private int _nextMain;
    private bool _isMainCommandOver = true;
    private bool _isMainKnown;
    private bool _isRestartForbidden;
    private bool _isCounterStale = true;
    private bool _isRestarting;
    private bool? _isMounted;
    private ServiceNotification _lastNotification;
    private TimeSpan? _watchdog;
    private DateTimeOffset? _deadline;
    private DateTimeOffset _now;
    private ProcessView _view;

    public ServiceSettings Settings => settings;

    public ServiceState State { get; private set; } = ServiceState.Dead;

    public ServiceResult Result { get; private set; } = ServiceResult.Success;

    /// <summary>How the last reload went; a failed one leaves the service running.</summary>
    public ServiceResult ReloadResult { get; private set; } = ServiceResult.Success;

    /// <summary>How the main process ended last; null while it runs or before it ever ran.</summary>
    public ProcessExit? MainExit { get; private set; }

    /// <summary>What the service last said of itself (STATUS=).</summary>
    public string StatusText { get; private set; } = "";

    public int RestartCount { get; private set; }

    /// <summary>When the service last entered or left the active states.</summary>
    public DateTimeOffset ChangedAt { get; private set; }

    public bool IsIdle => State is ServiceState.Dead or ServiceState.Failed;

    /// <summary>A PID file was promised and is not there yet: the shell looks for it now and then.</summary>
    public bool IsAwaitingPidFile { get; private set; }

    /// <summary>A start job's work. Whether it may start at all (limits, conditions) was decided before.</summary>
    public ImmutableArray<ServiceAction> Start(DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        if (IsIdle)
        {
            RestartCount = _isCounterStale ? 0 : RestartCount;
            (_isCounterStale, _isRestartForbidden) = (false, false);
            (Result, ReloadResult, MainExit, StatusText) = (ServiceResult.Success, ServiceResult.Success, null, "");
            (_isMainKnown, _isMainCommandOver, _lastNotification, _watchdog) = (false, true, ServiceNotification.None, null);
            EnterCondition();
        }

        return Finish();
    }

    /// <summary>The start was refused because it was tried too often (StartLimitBurst=).</summary>
    public ImmutableArray<ServiceAction> RefuseStart(DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        _actions.Add(new ServiceAction.Report("Start request repeated too quickly.", Priorities.Warning));
        EnterDead(ServiceResult.StartLimitHit, mayRestart: false);
        return Finish();
    }

    /// <summary>A stop job, by a person or by a dependency: after it nothing restarts by itself.</summary>
    /// <param name="isRestart">A start follows.</param>
    public ImmutableArray<ServiceAction> Stop(bool isRestart, DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        _isRestarting = isRestart;
        _isRestartForbidden = true;
        switch (State)
        {
            case ServiceState.AutoRestart:
                _isRestarting = false;
                Arm(null);
                Enter(ServiceState.Dead);
                break;
            case ServiceState.Condition or ServiceState.StartPre or ServiceState.Start or ServiceState.StartPost or ServiceState.Reload or ServiceState.StopWatchdog:
                EnterSignal(ServiceState.StopSigterm, ServiceResult.Success);
                break;
            case ServiceState.Running or ServiceState.Exited:
                EnterStop(ServiceResult.Success);
                break;
        }

        return Finish();
    }

    /// <summary>A reload job; only a running service with ExecReload= lines has one.</summary>
    public ImmutableArray<ServiceAction> Reload(DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        if (State is ServiceState.Running or ServiceState.Exited)
        {
            ReloadResult = ServiceResult.Success;
            Enter(ServiceState.Reload);
            ArmAfter(settings.StartTimeout);
            RunControl(ServiceState.Reload);
        }

        return Finish();
    }

    /// <summary>
    /// Of a mount: whether its file system is there. That counts, whatever its commands say, and whoever mounted or unmounted it (what systemd 252 was seen to do);
    /// what is mounted has forgotten how an earlier command failed.
    /// </summary>
    public ImmutableArray<ServiceAction> Observe(bool isMounted, DateTimeOffset now, ProcessView view)
    {
        Begin(now, view);
        _isMounted = isMounted;
        if (isMounted && IsIdle)
        {
            Result = ServiceResult.Success;
            Enter(ServiceState.Exited);
        }
        else if (!isMounted && State == ServiceState.Exited)
        {
            EnterDead(ServiceResult.Success, mayRestart: false);
        }

        return Finish();
    }

    public ImmutableArray<ServiceAction> ResetFailed()
    {
        Begin(_now, _view);
        RestartCount = 0;
        if (State == ServiceState.Failed)
        {
            Enter(ServiceState.Dead);
        }

        if (State == ServiceState.Dead)
        {
            Result = ServiceResult.Success;
        }

        return Finish();
    }

    private void Begin(DateTimeOffset now, ProcessView view)
    {
        _now = now;
        _view = view;
        _actions.Clear();
    }

    private ImmutableArray<ServiceAction> Finish()
    {
        IsAwaitingPidFile &= State is ServiceState.Start or ServiceState.StartPost;
        return _actions.DrainToImmutable();
    }
}
