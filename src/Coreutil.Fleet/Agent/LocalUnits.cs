using System.Collections.Immutable;
using Coreutil.Fleet.Containers;
using Coreutil.Fleet.Jobs;
using Coreutil.Units;
using Coreutil.Units.Files;

namespace Coreutil.Fleet.Agent;

/// <summary>
/// The fleet units present here. What was launched is remembered beyond this process; a unit of which nothing is known was started if the manager
/// says anything but inactive of it. Neither is started again.
/// </summary>
public sealed class LocalUnits(IUnitManager manager, LaunchRecord record, SpecifierContext specifiers)
{
    private ImmutableSortedDictionary<string, LocalUnit> _units = ImmutableSortedDictionary.Create<string, LocalUnit>(StringComparer.Ordinal);

    /// <summary>As of the last reading; replaced as a whole, so anyone may read it.</summary>
    public ImmutableSortedDictionary<string, LocalUnit> Current => Volatile.Read(ref _units);

    public async Task<ImmutableSortedDictionary<string, LocalUnit>> ReadAsync(CancellationToken cancel)
    {
        var texts = await manager.ReadLoadedUnitsAsync(cancel);
        var known = Current;
        ImmutableArray<string> unknown = [.. texts.Keys.Where(name => !known.ContainsKey(name) && !record.Contains(name))];
        var states = unknown.IsEmpty
            ? ImmutableDictionary<string, UnitState>.Empty
            : await manager.ReadStatesAsync(unknown, cancel);
        var units = texts.ToImmutableSortedDictionary(
            unit => unit.Key,
            unit => Recognise(unit.Key, unit.Value, known.GetValueOrDefault(unit.Key)) with
            {
                IsLaunched = known.TryGetValue(unit.Key, out var remembered)
                    ? remembered.IsLaunched
                    : record.Contains(unit.Key) || (states.TryGetValue(unit.Key, out var state) && state.ActiveState != "inactive"),
            },
            StringComparer.Ordinal);
        Volatile.Write(ref _units, units);
        return units;
    }

    /// <summary>A unit of this text that was not launched.</summary>
    public LocalUnit Recognise(string name, string text, LocalUnit? known = null)
    {
        string hash = UnitText.HashOf(text);
        return known?.Hash == hash ? known : new(hash, IsLaunched: false, UnitContainer.NameOf(name, new(UnitText.Read(text)), specifiers));
    }

    /// <exception cref="IOException">What was launched cannot be remembered beyond this process.</exception>
    public void Set(string name, LocalUnit? unit)
    {
        Volatile.Write(ref _units, unit is null ? Current.Remove(name) : Current.SetItem(name, unit));
        record.Set(name, unit is { IsLaunched: true });
    }
}
