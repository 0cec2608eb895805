using System.Collections.Immutable;
using Coreutil.Supervisor.Units;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor;

/// <summary>Where systemctl takes names it takes patterns too: they stand for units in memory.</summary>
public static class UnitPatterns
{
    public static bool IsPattern(string name) => name.AsSpan().IndexOfAny("*?[") >= 0;

    /// <summary>fnmatch(3), which negates a class with an exclamation mark.</summary>
    public static bool IsMatch(string pattern, string name) => PathGlob.IsMatch(pattern.Replace("[!", "[^", StringComparison.Ordinal), name);

    /// <summary>Names as they are, and for a pattern the units in memory that it fits; of those only the ones that list-units shows, unless all are wanted.</summary>
    internal static ImmutableArray<string> Expand(UnitSupervisor supervisor, ImmutableArray<string> names, bool isAll)
    {
        if (isAll)
        {
            supervisor.LoadReferred();
        }

        string[]? present = names.Any(IsPattern) ? [.. supervisor.InMemory.Where(unit => isAll || IsShown(supervisor, unit)).Select(unit => unit.Name)] : null;
        return [.. names.SelectMany(name => IsPattern(name) ? present!.Where(unit => IsMatch(name, unit)) : [name]).Distinct()];
    }

    internal static bool IsShown(UnitSupervisor supervisor, SupervisedUnit unit) => unit.State.ActiveState != "inactive" || supervisor.JobOf(unit.Name) is not null;
}
