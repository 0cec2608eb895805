using System.Collections.Immutable;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Units;

/// <summary>What of the host a service needs to run; one for all services.</summary>
public sealed record ServiceHost
{
    public required ChildWatch Children { get; init; }

    public required OutputPump Output { get; init; }

    public required CommandSpecs Commands { get; init; }

    public required TimeProvider Time { get; init; }

    public required string StateDirectory { get; init; }

    /// <summary>Where Type=idle services wait for the jobs of others.</summary>
    public IdleGate Idle { get; } = new();

    public required UnitJournals Journals { get; init; }

    public string? ControlGroupRoot { get; init; }

    /// <summary>NOTIFY_SOCKET of services that may notify.</summary>
    public required string NotifyAddress { get; init; }

    /// <summary>Queues a step on the supervisor's loop.</summary>
    public required Action<Action> Post { get; init; }

    /// <summary>Tells whose process a number is, so that its end is reported to the right unit.</summary>
    public required Action<int, ServiceUnit, ProcessRole> Register { get; init; }

    /// <summary>How a process ended that was nobody's child here, where the guard has told it.</summary>
    public required Func<ProcessIdentity, ProcessExit?> TryTakeExit { get; init; }

    public required Func<bool> IsGuarded { get; init; }

    /// <summary>Queues the restart job of a service whose RestartSec= is over.</summary>
    public required Action<ServiceUnit> Restart { get; init; }

    /// <summary>Queues the reload jobs of those who reload with a service.</summary>
    public required Action<ServiceUnit> PropagateReload { get; init; }

    /// <summary>The one service whose end starts this one; null where there is none, or more than one.</summary>
    public required Func<ServiceUnit, ServiceUnit?> MonitoredBy { get; init; }

    /// <summary>The sockets that a service is started with, and their names.</summary>
    public required Func<ServiceUnit, ImmutableArray<(int Descriptor, string Name)>> SocketsOf { get; init; }
}
