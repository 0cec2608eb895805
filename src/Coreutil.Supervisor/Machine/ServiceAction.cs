namespace Coreutil.Supervisor.Machine;

/// <summary>Which of a service's processes: its own, or the one that runs a Pre, Post or Stop line.</summary>
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
    public sealed record Kill(KillTarget Target, int Signal) : ServiceAction;

    /// <summary>The one timer of a service: replaces what was armed; null disarms.</summary>
    public sealed record ArmTimer(DateTimeOffset? Deadline) : ServiceAction;

    /// <summary>A line for the unit's journal, in systemd's words.</summary>
    public sealed record Report(string Text) : ServiceAction;
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
public readonly record struct ProcessView(bool IsMainAlive, bool IsControlAlive, bool IsGroupEmpty);
