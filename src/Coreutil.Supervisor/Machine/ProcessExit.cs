using System.Globalization;

namespace Coreutil.Supervisor.Machine;

public enum ProcessExitKind
{
    Exited,
    Killed,
    Dumped,

    /// <summary>The process was not our child (adopted after a crash of unitd): that it is gone is all that is known.</summary>
    Unknown,
}

/// <summary>How a process ended: an exit code, or the signal that killed it.</summary>
public readonly record struct ProcessExit(ProcessExitKind Kind, int Status)
{
    /// <summary>
    /// Exit code 0 is clean; for a daemon the signals HUP, INT, TERM and PIPE are clean too, but not for a oneshot or a control process
    /// (systemd.service(5), SuccessExitStatus=).
    /// </summary>
    public bool IsClean(bool isDaemon, ExitStatusSet success) => Kind switch
    {
        ProcessExitKind.Exited => Status == 0 || success.Codes.Contains(Status),
        ProcessExitKind.Killed => (isDaemon && Signals.IsClean(Status)) || success.SignalNumbers.Contains(Status),
        _ => false,
    };

    public ServiceResult Result => Kind switch
    {
        ProcessExitKind.Exited => ServiceResult.ExitCode,
        ProcessExitKind.Killed => ServiceResult.Signal,
        ProcessExitKind.Dumped => ServiceResult.CoreDump,
        _ => ServiceResult.Resources,
    };

    /// <summary>The value of $EXIT_CODE and systemctl's <c>code=</c>.</summary>
    public string CodeText => Kind switch
    {
        ProcessExitKind.Killed => "killed",
        ProcessExitKind.Dumped => "dumped",
        _ => "exited",
    };

    /// <summary>The value of $EXIT_STATUS: the code, or the signal's name without SIG.</summary>
    public string StatusText => Kind is ProcessExitKind.Exited or ProcessExitKind.Unknown ? Status.ToString(CultureInfo.InvariantCulture) : Signals.NameOf(Status);
}

/// <summary>Why a service is where it is; the names on the wire are systemd's (<see cref="ServiceNames"/>).</summary>
public enum ServiceResult
{
    Success,
    Resources,
    Protocol,
    Timeout,
    ExitCode,
    Signal,
    CoreDump,
    Watchdog,
    StartLimitHit,

    /// <summary>Of a socket: it started its service too often, or its service hit its own limit.</summary>
    TriggerLimitHit,
    ServiceStartLimitHit,
    MountStartLimitHit,
    Unmounted,

    /// <summary>Of a path: its unit hit its own limit.</summary>
    UnitStartLimitHit,

    /// <summary>ExecCondition= said no: neither a success nor a failure.</summary>
    ExecCondition,
}
