namespace Coreutil.Supervisor.Machine;

/// <summary>The table of Restart= (systemd.service(5)), and the exceptions to it.</summary>
public static class RestartPolicy
{
    /// <summary>
    /// Whether an ended service starts again. An entry of RestartPreventExitStatus= beats everything, one of RestartForceExitStatus= beats the table.
    /// </summary>
    public static bool Restarts(ServiceSettings settings, ServiceResult result, ProcessExit? mainExit)
    {
        if (mainExit is { } prevented && settings.RestartPreventStatuses.Contains(prevented))
        {
            return false;
        }

        if (mainExit is { } forced && settings.RestartForceStatuses.Contains(forced))
        {
            return true;
        }

        return settings.Restart switch
        {
            RestartMode.No => false,
            RestartMode.Always => result != ServiceResult.StartLimitHit,
            RestartMode.OnSuccess => result == ServiceResult.Success,
            RestartMode.OnFailure => result is not (ServiceResult.Success or ServiceResult.ExecCondition or ServiceResult.StartLimitHit),
            RestartMode.OnAbnormal => result is not (ServiceResult.Success or ServiceResult.ExitCode or ServiceResult.ExecCondition or ServiceResult.StartLimitHit),
            RestartMode.OnAbort => result is ServiceResult.Signal or ServiceResult.CoreDump,
            RestartMode.OnWatchdog => result == ServiceResult.Watchdog,
            _ => throw new ArgumentOutOfRangeException(nameof(settings)),
        };
    }
}
