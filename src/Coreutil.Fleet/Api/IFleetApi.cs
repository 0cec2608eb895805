using System.Collections.Immutable;
using Coreutil.Fleet.Containers;
using Coreutil.Units.Files;

namespace Coreutil.Fleet.Api;

/// <summary>A unit as the v1 API shows it; <see cref="CurrentState"/> is null for a global unit asked for by name.</summary>
public sealed record UnitEntry(string Name, string? CurrentState, string DesiredState, string? MachineId, ImmutableArray<UnitOption> Options)
{
    public UnitFile File => new(Options);
}

public sealed record MachineEntry(string Id, string? PrimaryIp, ImmutableSortedDictionary<string, string> Metadata);

public sealed record UnitStateEntry(string Name, string MachineId, string Hash, string LoadState, string ActiveState, string SubState)
{
    /// <summary>The container that it runs, where a fleetd of ours tells.</summary>
    public Container? Container { get; init; }
}

/// <summary>Why a unit is where it is, or nowhere.</summary>
/// <param name="Summary">One sentence on the whole.</param>
/// <param name="Machines">Each machine with what speaks against it there; null where nothing does.</param>
public sealed record PlacementReport(string UnitName, string? MachineId, string Summary, ImmutableArray<MachineVerdict> Machines);

public sealed record MachineVerdict(string MachineId, string? Obstacle, int Units);

/// <summary>The API refused, or did not answer; the message is in the words of the original's client.</summary>
public sealed class FleetApiException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// fleet's v1 API from the caller's side; what fleetctl's commands need of it. The last members are additions of ours: null or false where a
/// fleetd of the original answers, or the machine's own fleetd cannot be reached.
/// </summary>
public interface IFleetApi
{
    Task<ImmutableArray<MachineEntry>> ListMachinesAsync(CancellationToken cancel);

    Task<ImmutableArray<UnitEntry>> ListUnitsAsync(CancellationToken cancel);

    Task<ImmutableArray<UnitStateEntry>> ListStatesAsync(CancellationToken cancel);

    /// <summary>Null when there is no such unit.</summary>
    Task<UnitEntry?> FindUnitAsync(string name, CancellationToken cancel);

    /// <summary>Creates the unit, replaces its options, or (without options) changes its desired state.</summary>
    Task PutUnitAsync(string name, string desiredState, ImmutableArray<UnitOption>? options, CancellationToken cancel);

    /// <summary>False when there was no such unit.</summary>
    Task<bool> DeleteUnitAsync(string name, CancellationToken cancel);

    /// <summary>What systemctl status prints of it on that machine, and its exit code.</summary>
    Task<(string Text, int ExitCode)?> ReadStatusAsync(string name, string machineId, CancellationToken cancel);

    /// <summary>The journal's lines on that machine; with <paramref name="isFollowing"/> they never end.</summary>
    Task<IAsyncEnumerable<string>?> OpenJournalAsync(string name, string machineId, int lines, bool isFollowing, CancellationToken cancel);

    /// <summary>Stops and starts the unit on that machine, whatever the cluster wants of it: for global units.</summary>
    Task<bool> RestartOnAsync(string name, string machineId, CancellationToken cancel);

    Task<PlacementReport?> ExplainAsync(string name, CancellationToken cancel);

    /// <summary>Says that a machine that vanished will not come back: its units may move.</summary>
    Task<bool> ForgetMachineAsync(string machineId, CancellationToken cancel);
}
