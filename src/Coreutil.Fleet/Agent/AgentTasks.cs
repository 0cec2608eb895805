using System.Collections.Immutable;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Registry;

namespace Coreutil.Fleet.Agent;

/// <summary>One call of the unit manager, and why.</summary>
public abstract record AgentTask(string UnitName, string Reason)
{
    public sealed record Unload(string UnitName, string Reason) : AgentTask(UnitName, Reason);

    public sealed record Load(string UnitName, string Hash, string Reason) : AgentTask(UnitName, Reason);

    public sealed record Stop(string UnitName, string Reason) : AgentTask(UnitName, Reason);

    public sealed record Start(string UnitName, string Reason) : AgentTask(UnitName, Reason);
}

/// <summary>
/// What has to be done so that this machine has what it should. All unloads come first, then loads (the manager re-reads its files after
/// these), stops and starts; within each by name. A unit whose task fails skips its later ones; no other unit waits for it.
/// </summary>
public static class AgentTasks
{
    public static ImmutableArray<AgentTask> Plan(IEnumerable<DesiredUnit> desired, IReadOnlyDictionary<string, LocalUnit> current)
    {
        var wanted = desired.Where(unit => unit.TargetState != TargetState.Inactive).ToDictionary(unit => unit.Name, StringComparer.Ordinal);
        return
        [
            .. current.Keys.Concat(wanted.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .SelectMany(name => PlanUnit(name, wanted.GetValueOrDefault(name), current.GetValueOrDefault(name)))
                .OrderBy(Phase), // stable: the names keep their order
        ];
    }

    private static IEnumerable<AgentTask> PlanUnit(string name, DesiredUnit? wanted, LocalUnit? local)
    {
        if (wanted is null)
        {
            return [new AgentTask.Unload(name, "unit loaded but not scheduled to this machine")];
        }

        bool isLaunchWanted = wanted.TargetState == TargetState.Launched;
        var start = new AgentTask.Start(name, "unit currently loaded but desired state is launched");
        if (local is null)
        {
            var load = new AgentTask.Load(name, wanted.Hash, "unit scheduled to this machine but not loaded");
            return isLaunchWanted ? [load, start] : [load];
        }

        if (local.Hash != wanted.Hash)
        {
            const string Reason = "unit file differs from the one in the registry";
            AgentTask[] replace = [new AgentTask.Unload(name, Reason), new AgentTask.Load(name, wanted.Hash, Reason)];
            return isLaunchWanted ? [.. replace, start] : replace;
        }

        return (local.IsLaunched, isLaunchWanted) switch
        {
            (false, true) => [start],
            (true, false) => [new AgentTask.Stop(name, "unit currently launched but desired state is loaded")],
            _ => [],
        };
    }

    private static int Phase(AgentTask task) => task switch
    {
        AgentTask.Unload => 0,
        AgentTask.Load => 1,
        AgentTask.Stop => 2,
        AgentTask.Start => 3,
        _ => throw new InvalidOperationException("unknown task"),
    };
}
