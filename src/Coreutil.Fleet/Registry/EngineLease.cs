using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;

namespace Coreutil.Fleet.Registry;

/// <summary>
/// Which machine's engine decides. The lease is one key with a TTL; every step is conditional on the index last seen, so two engines can never
/// both believe for longer than the TTL. An engine of an older protocol is displaced, one of the same or a newer protocol is followed.
/// </summary>
public sealed class EngineLease(IKeysApi keys, RegistryKeys layout, string machineId, int version, TimeSpan ttl)
{
    private ulong _index;

    public bool IsHeld => _index > 0;

    /// <summary>Of its last write; what any engine before this one wrote has a lower one.</summary>
    public ulong Index => _index;

    /// <summary>Who held it when it was last looked at; null for nobody, or before.</summary>
    public LeaseHolder? Holder { get; private set; }

    /// <summary>Only looks who holds it.</summary>
    public async Task LookAsync(CancellationToken cancel)
    {
        try
        {
            Holder = RegistryJson.ReadLease((await keys.GetAsync(layout.Lease, new(), cancel)).Node.Value ?? "");
        }
        catch (EtcdException missing) when (missing.Error.Code == EtcdErrorCode.KeyNotFound)
        {
            Holder = null;
        }
    }

    /// <summary>Looks; true where another machine's engine has it that this one follows.</summary>
    public async Task<bool> IsOthersAsync(CancellationToken cancel)
    {
        await LookAsync(cancel);
        return Holder is { } holder && holder.MachineId != machineId && holder.Version >= version;
    }

    /// <summary>Renews or takes the lease. A pause tells how long a displaced leader may still act; decide nothing before it is over.</summary>
    /// <param name="isNative">This engine writes assignments; the others' agents look for it here.</param>
    /// <param name="cancel">Ends the requests.</param>
    public async Task<LeaseOutcome> TryHoldAsync(bool isNative, CancellationToken cancel)
    {
        string value = RegistryJson.WriteLease(machineId, version, isNative);
        if (IsHeld)
        {
            if (await TrySetAsync(value, new(Ttl: ttl, PrevIndex: _index), cancel))
            {
                return new(true, TimeSpan.Zero);
            }

            return new(false, TimeSpan.Zero);
        }

        KeyNode current;
        try
        {
            current = (await keys.GetAsync(layout.Lease, new(), cancel)).Node;
        }
        catch (EtcdException missing) when (missing.Error.Code == EtcdErrorCode.KeyNotFound)
        {
            return new(await TrySetAsync(value, new(Ttl: ttl, PrevExist: false), cancel), TimeSpan.Zero);
        }

        var holder = RegistryJson.ReadLease(current.Value ?? "");
        Holder = holder;
        var remaining = TimeSpan.FromSeconds(Math.Max(0, current.TtlSeconds));
        if (holder.MachineId == machineId && holder.Version == version)
        {
            // Left by this machine's fleetd before it was killed; nobody else acts in this name.
            return new(await TrySetAsync(value, new(Ttl: ttl, PrevIndex: current.ModifiedIndex), cancel), TimeSpan.Zero);
        }

        return holder.Version < version && await TrySetAsync(value, new(Ttl: ttl + remaining, PrevIndex: current.ModifiedIndex), cancel)
            ? new(true, remaining)
            : new(false, TimeSpan.Zero);
    }

    public async Task ReleaseAsync(CancellationToken cancel)
    {
        if (!IsHeld)
        {
            return;
        }

        try
        {
            await keys.DeleteAsync(layout.Lease, new(PrevIndex: _index), cancel);
        }
        catch (EtcdException gone) when (gone.Error.Code is EtcdErrorCode.KeyNotFound or EtcdErrorCode.TestFailed)
        {
            // It expired, or another machine has it: released either way.
        }

        _index = 0;
    }

    private async Task<bool> TrySetAsync(string value, SetOptions options, CancellationToken cancel)
    {
        // Whatever goes wrong below, the lease is not known to be ours any more.
        _index = 0;
        try
        {
            _index = (await keys.SetAsync(layout.Lease, value, options, cancel)).Node.ModifiedIndex;
            Holder = RegistryJson.ReadLease(value);
            return true;
        }
        catch (EtcdException refused) when (
            refused.Error.Code is EtcdErrorCode.NodeExist or EtcdErrorCode.KeyNotFound or EtcdErrorCode.TestFailed)
        {
            return false;
        }
    }
}

public readonly record struct LeaseOutcome(bool IsLeader, TimeSpan Pause);
