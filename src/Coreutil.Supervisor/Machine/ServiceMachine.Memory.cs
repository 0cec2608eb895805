namespace Coreutil.Supervisor.Machine;

/// <summary>All that a <see cref="ServiceMachine"/> knows besides its settings, for the next supervisor: after an upgrade, or after a crash of this one.</summary>
public sealed record ServiceMemory
{
    public required ServiceState State { get; init; }

    public ServiceResult Result { get; init; }

    public ServiceResult ReloadResult { get; init; }

    public ProcessExit? MainExit { get; init; }

    public string StatusText { get; init; } = "";

    public int RestartCount { get; init; }

    public DateTimeOffset ChangedAt { get; init; }

    public bool IsAwaitingPidFile { get; init; }

    /// <summary>Of which stage the command lines are of which one was being run, and which.</summary>
    public ServiceState? ControlStage { get; init; }

    public int NextControl { get; init; }

    public int NextMain { get; init; }

    public bool IsMainCommandOver { get; init; }

    public bool IsMainKnown { get; init; }

    public bool IsRestartForbidden { get; init; }

    public bool IsCounterStale { get; init; }

    public bool IsRestarting { get; init; }

    public ServiceNotification LastNotification { get; init; }

    public DateTimeOffset? Deadline { get; init; }

    public TimeSpan? Watchdog { get; init; }
}

/// <summary>Being handed on from one supervisor to the next.</summary>
public sealed partial class ServiceMachine
{
    public ServiceMemory Remember() => new()
    {
        State = State,
        Result = Result,
        ReloadResult = ReloadResult,
        MainExit = MainExit,
        StatusText = StatusText,
        RestartCount = RestartCount,
        ChangedAt = ChangedAt,
        IsAwaitingPidFile = IsAwaitingPidFile,
        ControlStage = _controlStage,
        NextControl = _nextControl,
        NextMain = _nextMain,
        IsMainCommandOver = _isMainCommandOver,
        IsMainKnown = _isMainKnown,
        IsRestartForbidden = _isRestartForbidden,
        IsCounterStale = _isCounterStale,
        IsRestarting = _isRestarting,
        LastNotification = _lastNotification,
        Deadline = _deadline,
        Watchdog = _watchdog,
    };

    /// <summary>The service is taken up where it stood. Its file may have changed: of commands that are gone nothing is run any more.</summary>
    public void Recall(ServiceMemory memory)
    {
        (State, Result, ReloadResult, MainExit) = (memory.State, memory.Result, memory.ReloadResult, memory.MainExit);
        (StatusText, RestartCount, ChangedAt, IsAwaitingPidFile) = (memory.StatusText, memory.RestartCount, memory.ChangedAt, memory.IsAwaitingPidFile);
        (_controlStage, _nextControl, _nextMain) = (memory.ControlStage, memory.NextControl, memory.NextMain);
        _isMainCommandOver = memory.IsMainCommandOver || _nextMain >= settings.Start.Length;
        (_isMainKnown, _isRestartForbidden, _isCounterStale, _isRestarting) =
            (memory.IsMainKnown, memory.IsRestartForbidden, memory.IsCounterStale, memory.IsRestarting);
        (_lastNotification, _deadline, _watchdog) = (memory.LastNotification, memory.Deadline, memory.Watchdog);
    }
}
