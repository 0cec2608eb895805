using System.Collections.Immutable;
using Coreutil.Fleet.Jobs;

namespace Coreutil.Fleet.Engine;

/// <summary>What the engine does with one job, and why.</summary>
public abstract record Decision(string UnitName, string Reason)
{
    public sealed record Schedule(string UnitName, string MachineId, string Reason) : Decision(UnitName, Reason);

    public sealed record Unschedule(string UnitName, string MachineId, string Reason) : Decision(UnitName, Reason);

    /// <summary>Wanted, and no machine fits now.</summary>
    public sealed record Wait(string UnitName, string Reason) : Decision(UnitName, Reason);
}

/// <summary>
/// Decides who goes where. First jobs are taken from machines they may not be on, until all that remain may stay; then jobs without a machine get
/// the least loaded one that fits, until no more can be placed. Jobs are looked at by name, so the same state always gives the same
/// decisions. A job that may stay is never moved.
/// </summary>
public static class Schedule
{
    public static ImmutableArray<Decision> Decide(ClusterState state)
    {
        var decisions = ImmutableArray.CreateBuilder<Decision>();

        // Taking one job away can only make others leave (a peer is gone) and placing one can only let others follow: both loops end.
        while (FindMisplaced(state) is { } misplaced)
        {
            decisions.Add(misplaced);
            state = state.Place(state.Jobs[misplaced.UnitName], machineId: null);
        }

        while (FindPlaceable(state) is { } placeable)
        {
            decisions.Add(placeable);
            state = state.Place(state.Jobs[placeable.UnitName], placeable.MachineId);
        }

        foreach (var job in Homeless(state))
        {
            decisions.Add(new Decision.Wait(job.Name, WhyNowhere(job, state)));
        }

        return decisions.ToImmutable();
    }

    private static Decision.Unschedule? FindMisplaced(ClusterState state)
    {
        foreach (var job in state.Jobs.Values)
        {
            if (job is { IsGlobal: false, TargetMachine: { } machineId } && WhyLeave(job, machineId, state) is { } reason)
            {
                return new(job.Name, machineId, reason);
            }
        }

        return null;
    }

    private static string? WhyLeave(Job job, string machineId, ClusterState state)
    {
        if (job.TargetState == TargetState.Inactive)
        {
            return "target state inactive";
        }

        if (!state.Machines.TryGetValue(machineId, out var machine))
        {
            return $"target Machine({machineId}) went away";
        }

        // Global units give way to a scheduled one, so they are no neighbours here. Of two that conflict the later one leaves.
        var neighbours = state.UnitsOn(machine).Where(other => !other.IsGlobal && !(IsEarlier(job, other) && Placement.IsConflict(job, other)));
        return Placement.FindObstacle(job, machine, neighbours);
    }

    private static bool IsEarlier(Job job, Job other) =>
        job.CreatedIndex != other.CreatedIndex ? job.CreatedIndex < other.CreatedIndex : string.CompareOrdinal(job.Name, other.Name) < 0;

    private static Decision.Schedule? FindPlaceable(ClusterState state)
    {
        var places = state.Machines.Values
            .Select(machine => (Machine: machine, Units: state.UnitsOn(machine)))
            .OrderBy(place => place.Units.Length)
            .ThenBy(place => place.Machine.Id, StringComparer.Ordinal)
            .ToList();
        foreach (var job in Homeless(state))
        {
            foreach (var (machine, units) in places)
            {
                if (Placement.FindObstacle(job, machine, units) is null)
                {
                    return new(job.Name, machine.Id, $"least loaded machine that fits, with {units.Length} units");
                }
            }
        }

        return null;
    }

    private static IEnumerable<Job> Homeless(ClusterState state) =>
        state.Jobs.Values.Where(job => job is { IsGlobal: false, TargetMachine: null } && job.TargetState != TargetState.Inactive);

    private static string WhyNowhere(Job job, ClusterState state) => state.Machines.IsEmpty
        ? "no machine is registered"
        : string.Join("; ", state.Machines.Values.Select(machine =>
            $"{machine.Id}: {Placement.FindObstacle(job, machine, state.UnitsOn(machine))}"));
}
