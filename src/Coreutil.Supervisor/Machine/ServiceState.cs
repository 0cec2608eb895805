namespace Coreutil.Supervisor.Machine;

/// <summary>The sub states of a service, as systemd names them (<see cref="ServiceNames.SubState"/>).</summary>
public enum ServiceState
{
    Dead,
    Condition,
    StartPre,
    Start,
    StartPost,
    Running,
    Exited,
    Reload,
    Stop,
    StopWatchdog,
    StopSigterm,
    StopSigkill,
    StopPost,
    FinalWatchdog,
    FinalSigterm,
    FinalSigkill,
    AutoRestart,
    Failed,
}

/// <summary>States and results in the words of systemd.</summary>
public static class ServiceNames
{
    public static string SubState(ServiceState state) => state switch
    {
        ServiceState.Dead => "dead",
        ServiceState.Condition => "condition",
        ServiceState.StartPre => "start-pre",
        ServiceState.Start => "start",
        ServiceState.StartPost => "start-post",
        ServiceState.Running => "running",
        ServiceState.Exited => "exited",
        ServiceState.Reload => "reload",
        ServiceState.Stop => "stop",
        ServiceState.StopWatchdog => "stop-watchdog",
        ServiceState.StopSigterm => "stop-sigterm",
        ServiceState.StopSigkill => "stop-sigkill",
        ServiceState.StopPost => "stop-post",
        ServiceState.FinalWatchdog => "final-watchdog",
        ServiceState.FinalSigterm => "final-sigterm",
        ServiceState.FinalSigkill => "final-sigkill",
        ServiceState.AutoRestart => "auto-restart",
        ServiceState.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };

    /// <summary>A Type=idle service counts as active from its very first command on: nobody waits for what waits for everybody.</summary>
    public static string ActiveState(ServiceState state, ServiceType type) => state switch
    {
        ServiceState.Dead => "inactive",
        ServiceState.Condition or ServiceState.StartPre or ServiceState.Start or ServiceState.StartPost when type == ServiceType.Idle => "active",
        ServiceState.Condition or ServiceState.StartPre or ServiceState.Start or ServiceState.StartPost or ServiceState.AutoRestart => "activating",
        ServiceState.Running or ServiceState.Exited => "active",
        ServiceState.Reload => "reloading",
        ServiceState.Failed => "failed",
        _ => "deactivating",
    };

    public static string Result(ServiceResult result) => result switch
    {
        ServiceResult.Success => "success",
        ServiceResult.Resources => "resources",
        ServiceResult.Protocol => "protocol",
        ServiceResult.Timeout => "timeout",
        ServiceResult.ExitCode => "exit-code",
        ServiceResult.Signal => "signal",
        ServiceResult.CoreDump => "core-dump",
        ServiceResult.Watchdog => "watchdog",
        ServiceResult.StartLimitHit => "start-limit-hit",
        ServiceResult.TriggerLimitHit => "trigger-limit-hit",
        ServiceResult.ServiceStartLimitHit => "service-start-limit-hit",
        ServiceResult.UnitStartLimitHit => "unit-start-limit-hit",
        ServiceResult.MountStartLimitHit => "mount-start-limit-hit",
        ServiceResult.Unmounted => "unmounted",
        ServiceResult.ExecCondition => "exec-condition",
        _ => throw new ArgumentOutOfRangeException(nameof(result)),
    };
}
