using System.Collections.Immutable;

namespace Coreutil.Supervisor.Machine;

/// <summary>
/// Who names a unit in its file: the dependencies read backwards, so that a change costs as much as hangs on it and not as much as is loaded.
/// </summary>
public sealed class DependencyIndex
{
    private readonly Dictionary<string, UnitDependencies> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _referring = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _rivals = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _ordered = new(StringComparer.Ordinal);

    /// <summary>A unit was loaded, or its file was read again.</summary>
    public void Set(string unit, UnitDependencies dependencies)
    {
        Remove(unit);
        _known[unit] = dependencies;
        foreach (var (index, names) in Entries(dependencies))
        {
            foreach (string name in names)
            {
                if (!index.TryGetValue(name, out var naming))
                {
                    index[name] = naming = new(StringComparer.Ordinal);
                }

                naming.Add(unit);
            }
        }
    }

    public void Remove(string unit)
    {
        if (!_known.Remove(unit, out var dependencies))
        {
            return;
        }

        foreach (var (index, names) in Entries(dependencies))
        {
            foreach (string name in names)
            {
                if (index.TryGetValue(name, out var naming) && naming.Remove(unit) && naming.Count == 0)
                {
                    index.Remove(name);
                }
            }
        }
    }

    /// <summary>Units whose requirements, followers or triggers name <paramref name="unit"/> (<see cref="UnitDependencies.Referred"/>).</summary>
    public IReadOnlyCollection<string> ReferringTo(string unit) => Look(_referring, unit);

    /// <summary>Units whose Conflicts= names it.</summary>
    public IReadOnlyCollection<string> RivalsOf(string unit) => Look(_rivals, unit);

    /// <summary>Units whose After= or Before= names it.</summary>
    public IReadOnlyCollection<string> OrderedBy(string unit) => Look(_ordered, unit);

    /// <summary>What names it in whatever way, with what they say of it.</summary>
    public IncomingDependencies IncomingOf(string unit, Func<string, bool> counts) => new(
        unit, [.. Look(_referring, unit).Concat(Look(_rivals, unit)).Concat(Look(_ordered, unit)).Distinct().Where(counts).Order(StringComparer.Ordinal).Select(name => (name, _known[name]))]);

    private static IReadOnlyCollection<string> Look(Dictionary<string, HashSet<string>> index, string unit) =>
        index.TryGetValue(unit, out var naming) ? naming : Array.Empty<string>();

    private IEnumerable<(Dictionary<string, HashSet<string>> Index, IEnumerable<string> Names)> Entries(UnitDependencies dependencies) =>
        [(_referring, dependencies.Referred), (_rivals, dependencies.Conflicts), (_ordered, dependencies.After.Concat(dependencies.Before))];
}

/// <summary>The dependencies on one unit: Requires= read backwards is RequiredBy=.</summary>
public sealed class IncomingDependencies(string unit, ImmutableArray<(string Name, UnitDependencies Dependencies)> naming)
{
    /// <summary>Who names the unit in this list of theirs.</summary>
    public IEnumerable<string> By(Func<UnitDependencies, ImmutableArray<string>> list) => naming.Where(other => list(other.Dependencies).Contains(unit)).Select(other => other.Name);
}
