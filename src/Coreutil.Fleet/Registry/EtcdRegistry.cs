using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Machines;

namespace Coreutil.Fleet.Registry;

/// <summary>The registry in etcd: writes go there, reads come from the mirror.</summary>
public sealed class EtcdRegistry(IKeysApi keys, RegistryKeys layout, RegistryMirror mirror) : IRegistry
{
    // How long a write may take to come back by the watch; past that its caller reads the older state, as one on another machine would.
    private static readonly TimeSpan _longestEcho = TimeSpan.FromSeconds(1);

    public RegistrySnapshot Snapshot => mirror.Snapshot;

    public bool IsLive => mirror.IsLive;

    public long Version => mirror.Version;

    public ImmutableHashSet<string> MachinesDue(TimeSpan agentTtl) => mirror.MachinesDue(agentTtl);

    public int Listings => mirror.Listings;

    public Task<bool> WaitUntilLiveAsync(TimeSpan atMost, CancellationToken cancel) => mirror.WaitUntilLiveAsync(atMost, cancel);

    public Task<bool> WaitForIndexAsync(ulong index, TimeSpan atMost, CancellationToken cancel) => mirror.WaitForIndexAsync(index, atMost, cancel);

    public async Task<string?> ReadUnitAsync(string hash, CancellationToken cancel)
    {
        try
        {
            // Quorum: it may have been written a moment ago on another member.
            return RegistryJson.ReadUnit((await keys.GetAsync(layout.Unit(hash), new(IsQuorum: true), cancel)).Node.Value ?? "");
        }
        catch (EtcdException missing) when (missing.Error.Code == EtcdErrorCode.KeyNotFound)
        {
            return null;
        }
    }

    public Task WaitForChangeAsync(long seen, TimeSpan atMost, CancellationToken cancel) => mirror.WaitForChangeAsync(seen, atMost, cancel);

    public async Task CreateJobAsync(string name, StoredUnit unit, TargetState target, CancellationToken cancel)
    {
        await StoreUnitAsync(unit, cancel);
        await keys.SetAsync(layout.JobObject(name), RegistryJson.WriteJobObject(name, unit.Hash), new(), cancel);

        // An engine that collects unused unit files may have taken this one between the two writes.
        await StoreUnitAsync(unit, cancel);
        await SetTargetStateAsync(name, target, cancel);
    }

    public Task SetTargetStateAsync(string name, TargetState target, CancellationToken cancel) =>
        EchoAsync(keys.SetAsync(layout.TargetState(name), target.ToWireName(), new(), cancel), cancel);

    public Task<bool> DestroyJobAsync(string name, CancellationToken cancel) =>
        TryDeleteAsync(layout.Job(name), new(IsRecursive: true), cancel);

    public async Task<ulong> ScheduleAsync(string name, string machineId, CancellationToken cancel)
    {
        try
        {
            return (await keys.SetAsync(layout.Target(name), machineId, new(PrevExist: false), cancel)).Node.ModifiedIndex;
        }
        catch (EtcdException taken) when (taken.Error.Code == EtcdErrorCode.NodeExist)
        {
            // The mirror was behind: the job has a machine, and the next pass sees which.
            return 0;
        }
    }

    public async Task<ulong> UnscheduleAsync(string name, string machineId, CancellationToken cancel)
    {
        try
        {
            return (await keys.DeleteAsync(layout.Target(name), new(PrevValue: machineId), cancel)).Node.ModifiedIndex;
        }
        catch (EtcdException moved) when (moved.Error.Code is EtcdErrorCode.TestFailed or EtcdErrorCode.KeyNotFound)
        {
            // It is on another machine by now, or on none; the next pass judges that.
            return 0;
        }
    }

    public async Task<ulong> WriteAssignmentAsync(string machineId, Assignment assignment, CancellationToken cancel) =>
        (await keys.SetAsync(layout.Assignment(machineId), RegistryJson.WriteAssignment(assignment), new(), cancel)).Node.ModifiedIndex;

    public Task RemoveAssignmentAsync(string machineId, CancellationToken cancel) => TryDeleteAsync(layout.Assignment(machineId), new(), cancel);

    public Task BeatLaunchedAsync(string name, string machineId, TimeSpan ttl, CancellationToken cancel) =>
        keys.SetAsync(layout.Heartbeat(name), machineId, new(Ttl: ttl), cancel);

    public Task ClearLaunchedAsync(string name, string machineId, CancellationToken cancel) =>
        TryDeleteAsync(layout.Heartbeat(name), new(PrevValue: machineId), cancel);

    public async Task PublishStateAsync(PublishedState state, TimeSpan ttl, bool isLegacy, CancellationToken cancel)
    {
        string json = RegistryJson.WriteState(state);
        if (isLegacy)
        {
            await keys.SetAsync(layout.LegacyState(state.UnitName), json, new(Ttl: ttl), cancel);
        }

        await keys.SetAsync(layout.State(state.UnitName, state.MachineId), json, new(Ttl: ttl), cancel);
    }

    public async Task RemoveStateAsync(string name, string machineId, bool isLegacy, CancellationToken cancel)
    {
        if (isLegacy)
        {
            await TryDeleteAsync(layout.LegacyState(name), new(), cancel);
        }

        await TryDeleteAsync(layout.State(name, machineId), new(), cancel);
    }

    public Task<ulong?> RegisterMachineAsync(MachineState machine, TimeSpan ttl, CancellationToken cancel) =>
        TrySetMachineAsync(machine, new(Ttl: ttl, PrevExist: false), cancel);

    public async Task<ulong?> RetakeMachineAsync(MachineState machine, TimeSpan ttl, CancellationToken cancel)
    {
        try
        {
            var current = (await keys.GetAsync(layout.MachineObject(machine.Id), new(IsQuorum: true), cancel)).Node;
            return RegistryJson.ReadMachine(machine.Id, current.Value ?? "") is { Instance: { Length: > 0 } instance } && instance == machine.Instance
                ? await TrySetMachineAsync(machine, new(Ttl: ttl, PrevIndex: current.ModifiedIndex), cancel)
                : null;
        }
        catch (EtcdException expired) when (expired.Error.Code == EtcdErrorCode.KeyNotFound)
        {
            return null;
        }
    }

    public async Task<ulong> RefreshMachineAsync(MachineState machine, TimeSpan ttl, CancellationToken cancel) =>
        await TrySetMachineAsync(machine, new(Ttl: ttl, PrevExist: true), cancel)
            ?? await TrySetMachineAsync(machine, new(Ttl: ttl, PrevExist: false), cancel)
            ?? throw new EtcdProtocolException($"the machine object of {machine.Id} comes and goes");

    public async Task RemoveMachineAsync(string machineId, CancellationToken cancel)
    {
        await MarkGoneAsync(machineId, cancel);
        await TryDeleteAsync(layout.MachineObject(machineId), new(), cancel);
    }

    public Task MarkGoneAsync(string machineId, CancellationToken cancel) =>
        EchoAsync(keys.SetAsync(layout.MachineGone(machineId), "true", new(), cancel), cancel);

    public async Task WriteNotesAsync(string machineId, string? apiAddress, CancellationToken cancel)
    {
        await TryDeleteAsync(layout.MachineGone(machineId), new(), cancel);
        if (apiAddress is null)
        {
            await TryDeleteAsync(layout.MachineApi(machineId), new(), cancel);
        }
        else
        {
            await keys.SetAsync(layout.MachineApi(machineId), apiAddress, new(), cancel);
        }
    }

    public Task SetMachineMetadataAsync(string machineId, string key, string value, CancellationToken cancel) =>
        EchoAsync(keys.SetAsync(layout.MachineMetadata(machineId, key), value, new(), cancel), cancel);

    public async Task<bool> AgreeOnEngineVersionAsync(int version, CancellationToken cancel)
    {
        string own = version.ToString(CultureInfo.InvariantCulture);
        try
        {
            string stored = (await keys.GetAsync(layout.EngineVersion, new(), cancel)).Node.Value ?? "";
            if (!int.TryParse(stored, NumberStyles.Integer, CultureInfo.InvariantCulture, out int current) || current >= version)
            {
                return current == version;
            }

            await keys.SetAsync(layout.EngineVersion, own, new(PrevValue: stored), cancel);
            return true;
        }
        catch (EtcdException missing) when (missing.Error.Code == EtcdErrorCode.KeyNotFound)
        {
            try
            {
                await keys.SetAsync(layout.EngineVersion, own, new(PrevExist: false), cancel);
                return true;
            }
            catch (EtcdException raced) when (raced.Error.Code == EtcdErrorCode.NodeExist)
            {
                // Another engine began in the same moment: the next look tells what it wrote.
                return false;
            }
        }
    }

    private async Task StoreUnitAsync(StoredUnit unit, CancellationToken cancel)
    {
        try
        {
            await keys.SetAsync(layout.Unit(unit.Hash), RegistryJson.WriteUnit(unit), new(PrevExist: false), cancel);
        }
        catch (EtcdException known) when (known.Error.Code == EtcdErrorCode.NodeExist)
        {
            // Another job has the same text, or had it once.
        }
    }

    private async Task<ulong?> TrySetMachineAsync(MachineState machine, SetOptions options, CancellationToken cancel)
    {
        try
        {
            return (await EchoAsync(keys.SetAsync(layout.MachineObject(machine.Id), RegistryJson.WriteMachine(machine), options, cancel), cancel))
                .Node.ModifiedIndex;
        }
        catch (EtcdException refused) when (
            refused.Error.Code is EtcdErrorCode.NodeExist or EtcdErrorCode.KeyNotFound or EtcdErrorCode.TestFailed)
        {
            return null;
        }
    }

    private async Task<bool> TryDeleteAsync(string key, DeleteOptions options, CancellationToken cancel)
    {
        try
        {
            await EchoAsync(keys.DeleteAsync(key, options, cancel), cancel);
            return true;
        }
        catch (EtcdException missing) when (missing.Error.Code is EtcdErrorCode.KeyNotFound or EtcdErrorCode.TestFailed)
        {
            return false;
        }
    }

    private async Task<KeyResponse> EchoAsync(Task<KeyResponse> write, CancellationToken cancel)
    {
        var response = await write;
        await mirror.WaitForIndexAsync(response.Node.ModifiedIndex, _longestEcho, cancel);
        return response;
    }
}
