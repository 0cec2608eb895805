using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;
using Coreutil.Fleet.Jobs;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Registry;

/// <summary>
/// What the engine tidies up: states of machines that are away (they have a long TTL where the original is not in the cluster), notes of machines that do
/// not come back, and unit files that no job names. Each thing must have been useless for a while, and is looked at again before it is taken.
/// </summary>
public sealed class RegistryCare(IKeysApi keys, RegistryKeys layout, TimeProvider time, ILogger log)
{
    /// <summary>The original never removes a unit file; a submit writes it first and the job that names it second.</summary>
    public static readonly TimeSpan UnitFilePatience = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan _notesPatience = TimeSpan.FromMinutes(10);
    private readonly Dictionary<string, long> _useless = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Value, long Stamp)> _removedFiles = new(StringComparer.Ordinal);
    private int _reading = -1;

    /// <param name="snapshot">The registry.</param>
    /// <param name="reading">Changes when the registry was read anew: then nothing is known to have been useless for long.</param>
    /// <param name="late">Machines that keep what is theirs.</param>
    /// <param name="patience">How long a state must have been nobody's.</param>
    /// <param name="cancel">Ends it between two keys.</param>
    public async Task TidyAsync(RegistrySnapshot snapshot, int reading, ICollection<string> late, TimeSpan patience, CancellationToken cancel)
    {
        if (reading != _reading)
        {
            _reading = reading;
            _useless.Clear();
        }

        var used = snapshot.Jobs.Values.Select(job => job.Unit.Hash).Concat(snapshot.BrokenJobs.Values.Select(job => job.UnitHash ?? "")).ToHashSet(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var state in snapshot.States.Where(state => !late.Contains(state.MachineId) && !IsAtHome(snapshot, state)))
        {
            if (IsDue(seen, layout.State(state.UnitName, state.MachineId), patience))
            {
                await RemoveStateAsync(state, snapshot.Machines.ContainsKey(state.MachineId), cancel);
            }
        }

        foreach (var (id, _) in snapshot.Absent.Where(absent => absent.Value.HasNotes && !late.Contains(absent.Key)))
        {
            if (IsDue(seen, layout.MachineApi(id), _notesPatience))
            {
                await TryRemoveAsync(layout.MachineApi(id), new(), cancel);
                await TryRemoveAsync(layout.MachineGone(id), new(), cancel);
            }
        }

        foreach (string hash in snapshot.UnitHashes.Where(hash => !used.Contains(hash)))
        {
            if (IsDue(seen, layout.Unit(hash), UnitFilePatience))
            {
                await RemoveUnitFileAsync(hash, cancel);
            }
        }

        await ReturnUnitFilesAsync(snapshot, cancel);
        foreach (string useful in _useless.Keys.Where(key => !seen.Contains(key)).ToArray())
        {
            _useless.Remove(useful);
        }
    }

    private static bool IsAtHome(RegistrySnapshot snapshot, PublishedState state) =>
        snapshot.Machines.ContainsKey(state.MachineId)
        && snapshot.Jobs.TryGetValue(state.UnitName, out var job)
        && (job.IsGlobal ? job.TargetState != TargetState.Inactive : job.TargetMachine == state.MachineId);

    private bool IsDue(HashSet<string> seen, string key, TimeSpan patience)
    {
        seen.Add(key);
        if (!_useless.TryGetValue(key, out long since))
        {
            _useless[key] = time.GetTimestamp();
            return false;
        }

        return time.GetElapsedTime(since) >= patience;
    }

    // A machine says that it is there before it publishes: whoever sees its object after the state, and none, has an old state in hand.
    private async Task RemoveStateAsync(PublishedState state, bool isMachineThere, CancellationToken cancel)
    {
        string key = layout.State(state.UnitName, state.MachineId);
        if (await TryReadAsync(key, cancel) is not { } node || (!isMachineThere && await TryReadAsync(layout.MachineObject(state.MachineId), cancel) is not null))
        {
            return;
        }

        if (await TryRemoveAsync(key, new(PrevIndex: node.ModifiedIndex), cancel))
        {
            log.StateSwept(state.UnitName, state.MachineId);
        }
    }

    private async Task RemoveUnitFileAsync(string hash, CancellationToken cancel)
    {
        if (await TryReadAsync(layout.Unit(hash), cancel) is { Value: { } value } && await TryRemoveAsync(layout.Unit(hash), new(), cancel))
        {
            _removedFiles[hash] = (value, time.GetTimestamp());
            log.UnitFileCollected(hash);
        }
    }

    // A submit of the original's that found the file there just before it was taken.
    private async Task ReturnUnitFilesAsync(RegistrySnapshot snapshot, CancellationToken cancel)
    {
        foreach (string hash in snapshot.BrokenJobs.Values.Select(job => job.UnitHash).OfType<string>())
        {
            if (_removedFiles.TryGetValue(hash, out var removed))
            {
                await keys.SetAsync(layout.Unit(hash), removed.Value, new(), cancel);
            }
        }

        foreach (string old in _removedFiles.Where(file => time.GetElapsedTime(file.Value.Stamp) > UnitFilePatience).Select(file => file.Key).ToArray())
        {
            _removedFiles.Remove(old);
        }
    }

    private async Task<KeyNode?> TryReadAsync(string key, CancellationToken cancel)
    {
        try
        {
            return (await keys.GetAsync(key, new(IsQuorum: true), cancel)).Node;
        }
        catch (EtcdException missing) when (missing.Error.Code == EtcdErrorCode.KeyNotFound)
        {
            return null;
        }
    }

    private async Task<bool> TryRemoveAsync(string key, DeleteOptions options, CancellationToken cancel)
    {
        try
        {
            await keys.DeleteAsync(key, options, cancel);
            return true;
        }
        catch (EtcdException gone) when (gone.Error.Code is EtcdErrorCode.KeyNotFound or EtcdErrorCode.TestFailed)
        {
            return false;
        }
    }
}
