using System.Collections.Immutable;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Registry;

namespace Coreutil.Fleet.Engine;

/// <summary>
/// Tells which machines without an object keep their units. A machine that was seen to vanish keeps them for the grace; one that was already away when
/// the registry was read anew (the store was lost, the engine is new) gets the time to say that it is there. When more than half
/// of the machines vanish together, the fault is taken to be elsewhere: all of them keep their units until each returns or is told to be gone. Their
/// objects expire one after the other, so the first of them wait while it is open whether the others have vanished too.
/// </summary>
/// <param name="grace">engine_reschedule_grace.</param>
/// <param name="settling">How long after a new reading absence proves nothing.</param>
/// <param name="window">Machines that vanish within it vanish together.</param>
public sealed class LateMachines(TimeSpan grace, TimeSpan settling, TimeSpan window)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TimeSpan> _missing = new(StringComparer.Ordinal);
    private readonly HashSet<string> _guarded = new(StringComparer.Ordinal);
    private TimeSpan _settledAt;
    private bool _isMajorityOpen;
    private int _reading = -1;

    /// <summary>Machines that keep their units, each with the reason.</summary>
    /// <param name="snapshot">The registry.</param>
    /// <param name="reading">Changes when the registry was read anew.</param>
    /// <param name="due">Machines that are there and should have been heard of by now.</param>
    /// <param name="now">Since any moment.</param>
    public ImmutableSortedDictionary<string, string> Judge(RegistrySnapshot snapshot, int reading, IReadOnlySet<string> due, TimeSpan now)
    {
        if (reading != _reading)
        {
            _reading = reading;
            _settledAt = now + settling;
            _seen.Clear();
        }

        foreach (string id in snapshot.Machines.Keys)
        {
            _seen.Add(id);
            _missing.Remove(id);
            _guarded.Remove(id);
        }

        var targets = snapshot.Jobs.Values.Where(job => job.TargetState != TargetState.Inactive).Select(job => job.TargetMachine).OfType<string>()
            .Where(id => !snapshot.Machines.ContainsKey(id)).ToHashSet(StringComparer.Ordinal);
        foreach (string id in targets.Concat(_seen.Where(id => !snapshot.Machines.ContainsKey(id))))
        {
            _missing.TryAdd(id, now);
        }

        foreach (string gone in _missing.Keys.Where(id => snapshot.Absent.TryGetValue(id, out var absent) && absent.IsGone).ToArray())
        {
            _missing.Remove(gone);
            _guarded.Remove(gone);
            _seen.Remove(gone);
            targets.Remove(gone);
        }

        string[] vanished = [.. _missing.Where(missing => targets.Contains(missing.Key) || now - missing.Value < window).Select(missing => missing.Key)];
        if (IsMajority(vanished.Length))
        {
            _guarded.UnionWith(vanished);
        }

        _isMajorityOpen = IsMajority(vanished.Length + snapshot.Machines.Keys.Count(due.Contains));

        foreach (string forgotten in _missing.Keys.Except(vanished).ToArray())
        {
            _missing.Remove(forgotten);
            _guarded.Remove(forgotten);
            _seen.Remove(forgotten);
        }

        return targets.Where(id => WhyLate(id, now) is not null)
            .ToImmutableSortedDictionary(id => id, id => WhyLate(id, now)!, StringComparer.Ordinal);

        bool IsMajority(int count) => count * 2 > snapshot.Machines.Count + vanished.Length;
    }

    private string? WhyLate(string id, TimeSpan now)
    {
        if (_guarded.Contains(id))
        {
            return "it vanished together with more than half of the machines";
        }

        if (now < _missing[id] + grace)
        {
            return "engine_reschedule_grace is not over";
        }

        // Whoever is due is heard of, or expires as well, within that time.
        if (_isMajorityOpen && now < _missing[id] + window)
        {
            return "it may have vanished together with more than half of the machines, which is seen soon";
        }

        return !_seen.Contains(id) && now < _settledAt ? "the registry was read anew, and it may still say that it is there" : null;
    }
}
