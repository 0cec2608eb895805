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

    /// <summary>Stores the unit file under its hash and makes, or replaces, the job of that name.</summary>
    Task CreateJobAsync(string name, StoredUnit unit, TargetState target, CancellationToken cancel);

    Task SetTargetStateAsync(string name, TargetState target, CancellationToken cancel);

    /// <summary>False when there was no such job.</summary>
    Task<bool> DestroyJobAsync(string name, CancellationToken cancel);

    Task ScheduleAsync(string name, string machineId, CancellationToken cancel);

    Task UnscheduleAsync(string name, string machineId, CancellationToken cancel);

    /// <summary>Says, for as long as the TTL, that this machine launched the unit.</summary>
    Task BeatLaunchedAsync(string name, string machineId, TimeSpan ttl, CancellationToken cancel);

    Task ClearLaunchedAsync(string name, CancellationToken cancel);

    Task PublishStateAsync(PublishedState state, TimeSpan ttl, CancellationToken cancel);

    Task RemoveStateAsync(string name, string machineId, CancellationToken cancel);

    /// <summary>The first write of a machine: false when a live machine has this ID already.</summary>
    Task<ulong?> RegisterMachineAsync(MachineState machine, TimeSpan ttl, CancellationToken cancel);

    /// <summary>Takes over an object that this machine wrote before; null when it is no longer that object.</summary>
    Task<ulong?> RetakeMachineAsync(MachineState machine, ulong index, TimeSpan ttl, CancellationToken cancel);

    /// <summary>Keeps a registered machine alive, and registers it again when it expired meanwhile.</summary>
    Task<ulong> RefreshMachineAsync(MachineState machine, TimeSpan ttl, CancellationToken cancel);

    Task RemoveMachineAsync(string machineId, CancellationToken cancel);

    /// <summary>An empty value takes a key of the machine's own configuration away.</summary>
    Task SetMachineMetadataAsync(string machineId, string key, string value, CancellationToken cancel);

    /// <summary>False when the cluster's engines are of a newer protocol than <paramref name="version"/>.</summary>
    Task<bool> AgreeOnEngineVersionAsync(int version, CancellationToken cancel);
}
