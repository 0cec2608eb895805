using Coreutil.Supervisor.Journal;

namespace Coreutil.Supervisor.Machine;

/// <summary>Which of a service's processes: its own, or the one that runs a Condition, Pre, Post, Reload or Stop line.</summary>
public enum ProcessRole
{
    Main,
    Control,
}

/// <summary>What the shell around a <see cref="ServiceMachine"/> has to do next, in order.</summary>
public abstract record ServiceAction
{
    private ServiceAction()
    {
    }

    public sealed record Run(ServiceCommand Command, ProcessRole Role) : ServiceAction;

    /// <summary>Sends a signal to the main process, the control process, or everything in the unit's group.</summary>
    /// <param name="Target">To whom.</param>
    /// <param name="Signal">Its number.</param>
    /// <param name="IsTold">The journal names each process that gets it: no orderly end.</param>
    public sealed record Kill(KillTarget Target, int Signal, bool IsTold = false) : ServiceAction;

    /// <summary>The one timer of a service's stage: replaces what was armed; null disarms.</summary>
    public sealed record ArmTimer(DateTimeOffset? Deadline) : ServiceAction;

    /// <summary>When the service must have been heard of; null disarms.</summary>
    public sealed record ArmWatchdog(DateTimeOffset? Deadline) : ServiceAction;

    /// <summary>From now on this process is the main one: a daemon that forked away, or that was named by a notification.</summary>
    public sealed record AdoptMain(int Pid) : ServiceAction;

    /// <summary>The service passed into this state, if only for the time of this step.</summary>
    public sealed record Entered(ServiceState State) : ServiceAction;

    /// <summary>The service is down: its PID file tells nothing true any more, and what it had for its runtime may go.</summary>
    /// <param name="IsRestarting">It will be up again by itself.</param>
    public sealed record Clear(bool IsRestarting) : ServiceAction;

    /// <summary>RestartSec= is over: the restart is a job like any other, and takes along who depends on the service.</summary>
    public sealed record RequestRestart : ServiceAction;

    /// <summary>The service reloads by itself: whoever reloads with it hears of it.</summary>
    public sealed record PropagateReload : ServiceAction;

    /// <summary>What is left of its processes is told of, each by its name: before it starts beside them, or when it is down without them.</summary>
    public sealed record TellLeftOvers(bool IsStarting) : ServiceAction;

    /// <summary>The PID file that is to be there by now is told of where it is not.</summary>
    public sealed record TellMissingPidFile(ServiceState After) : ServiceAction;

    /// <summary>A line for the unit's journal, in systemd's words; the priority is syslog's, information where it is no trouble.</summary>
    public sealed record Report(string Text, int Priority = Priorities.Information) : ServiceAction
    {
        /// <summary>What is said of a unit that is down.</summary>
        public static Report OfEnd(ServiceResult result) => result switch
        {
            ServiceResult.Success => new("Deactivated successfully."),
            ServiceResult.ExecCondition => new($"Skipped due to '{ServiceNames.Result(result)}'."),
            _ => new($"Failed with result '{ServiceNames.Result(result)}'.", Priorities.Warning),
        };
    }
}

public enum KillTarget
{
    Main,
    Control,
    Group,
}

/// <summary>What is alive of a service at the moment of an event; the shell looks, the machine decides.</summary>
/// <param name="IsMainAlive">The main process has not been reaped.</param>
/// <param name="IsControlAlive">A control process has not been reaped.</param>
/// <param name="IsGroupEmpty">No process at all is left in the unit's group.</param>
/// <param name="DaemonPid">Of a Type=forking service: the living process that its PID file names, or without a PID file the only one left.</param>
public readonly record struct ProcessView(bool IsMainAlive, bool IsControlAlive, bool IsGroupEmpty, int? DaemonPid = null);
