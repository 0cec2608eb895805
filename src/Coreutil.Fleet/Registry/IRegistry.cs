using System.Collections.Immutable;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Machines;

namespace Coreutil.Fleet.Registry;

/// <summary>
/// The cluster's shared memory. Reads come from a mirror that is kept up by a watch; what this process wrote through the methods of the
/// API and the engine is in <see cref="Snapshot"/> when they return.
/// </summary>
public interface IRegistry
{
    RegistrySnapshot Snapshot { get; }

    /// <summary>False while the store does not answer; the snapshot is then the last one known.</summary>
    bool IsLive { get; }

    /// <summary>Grows with every change of <see cref="Snapshot"/>.</summary>
    long Version { get; }

    /// <summary>Completes when <see cref="Version"/> is no longer <paramref name="seen"/>, or after <paramref name="atMost"/>.</summary>
    Task WaitForChangeAsync(long seen, TimeSpan atMost, CancellationToken cancel);

    /// <summary>Changes when the store was read anew, so that what happened before is not known.</summary>
    int Listings { get; }

    /// <summary>Asks for the mirror to run, now and for a while; true when it stands within that time.</summary>
    Task<bool> WaitUntilLiveAsync(TimeSpan atMost, CancellationToken cancel);

    /// <summary>True when the snapshot holds all that was written up to <paramref name="index"/>, within <paramref name="atMost"/>.</summary>
    Task<bool> WaitForIndexAsync(ulong index, TimeSpan atMost, CancellationToken cancel);

    /// <summary>Machines that should have said again by now, or just now, that they live; their objects have not expired yet.</summary>
    /// <param name="agentTtl">How long objects live, where that is not known of a machine.</param>
    ImmutableHashSet<string> MachinesDue(TimeSpan agentTtl);

    /// <summary>The text of a stored unit file; null when it is not there.</summary>
    Task<string?> ReadUnitAsync(string hash, CancellationToken cancel);

    /// <summary>Stores the unit file under its hash and makes, or replaces, the job of that name.</summary>
    Task CreateJobAsync(string name, StoredUnit unit, TargetState target, CancellationToken cancel);

    Task SetTargetStateAsync(string name, TargetState target, CancellationToken cancel);

    /// <summary>False when there was no such job.</summary>
    Task<bool> DestroyJobAsync(string name, CancellationToken cancel);

    /// <summary>Returns the index of the write, 0 where nothing was written; the mirror need not have it yet.</summary>
    Task<ulong> ScheduleAsync(string name, string machineId, CancellationToken cancel);

    Task<ulong> UnscheduleAsync(string name, string machineId, CancellationToken cancel);

    Task<ulong> WriteAssignmentAsync(string machineId, Assignment assignment, CancellationToken cancel);

    Task RemoveAssignmentAsync(string machineId, CancellationToken cancel);

    /// <summary>Says, for as long as the TTL, that this machine launched the unit.</summary>
    Task BeatLaunchedAsync(string name, string machineId, TimeSpan ttl, CancellationToken cancel);

    /// <summary>Takes back what this machine said; another one's word stays, since the unit may have moved there already.</summary>
    Task ClearLaunchedAsync(string name, string machineId, CancellationToken cancel);

    /// <param name="state">What is published.</param>
    /// <param name="ttl">How long it holds without being repeated.</param>
    /// <param name="isLegacy">A machine of the original is in the cluster: its keys are written too.</param>
    /// <param name="cancel">Ends the requests.</param>
    Task PublishStateAsync(PublishedState state, TimeSpan ttl, bool isLegacy, CancellationToken cancel);

    Task RemoveStateAsync(string name, string machineId, bool isLegacy, CancellationToken cancel);

    /// <summary>The first write of a machine: false when a live machine has this ID already.</summary>
    Task<ulong?> RegisterMachineAsync(MachineState machine, TimeSpan ttl, CancellationToken cancel);

    /// <summary>Takes over an object that this very machine wrote before (it has the same instance); null when it did not.</summary>
    Task<ulong?> RetakeMachineAsync(MachineState machine, TimeSpan ttl, CancellationToken cancel);

    /// <summary>Keeps a registered machine alive, and registers it again when it expired meanwhile.</summary>
    Task<ulong> RefreshMachineAsync(MachineState machine, TimeSpan ttl, CancellationToken cancel);

    /// <summary>Takes the machine out of the cluster; it is known that it will not come back by itself.</summary>
    Task RemoveMachineAsync(string machineId, CancellationToken cancel);

    /// <summary>Says that a machine that vanished will not come back.</summary>
    Task MarkGoneAsync(string machineId, CancellationToken cancel);

    /// <summary>A machine that is back: where its API is reached (null for nowhere), and that it is not gone.</summary>
    Task WriteNotesAsync(string machineId, string? apiAddress, CancellationToken cancel);

    /// <summary>An empty value takes a key of the machine's own configuration away.</summary>
    Task SetMachineMetadataAsync(string machineId, string key, string value, CancellationToken cancel);

    /// <summary>False when the cluster's engines are of a newer protocol than <paramref name="version"/>.</summary>
    Task<bool> AgreeOnEngineVersionAsync(int version, CancellationToken cancel);
}
