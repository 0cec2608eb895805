using System.Collections.Immutable;
using Coreutil.Fleet.Jobs;

namespace Coreutil.Fleet.Engine;

/// <summary>
/// Decides who goes where. First jobs are taken from machines they may not be on, until all that remain may stay; then jobs without a machine get
/// the least loaded one that fits, until no more can be placed. Jobs are looked at by name, so the same state always gives the same
/// decisions. A job that may stay is never moved.
/// </summary>
public static class Schedule
{
    private const int LongestList = 8;

    public static ImmutableArray<Decision> Decide(ClusterState state)
    {
        var decisions = ImmutableArray.CreateBuilder<Decision>();
        var board = new Board(state);
        var homeless = new SortedDictionary<string, Job>(StringComparer.Ordinal);
        foreach (var job in state.Jobs.Values)
        {
            if (job is { IsGlobal: false, TargetMachine: null } && job.TargetState != TargetState.Inactive)
            {
                homeless[job.Name] = job;
            }
        }

        foreach (var misplaced in TakeMisplaced(state, board))
        {
            decisions.Add(misplaced);
            if (state.Jobs[misplaced.UnitName] is { TargetState: not TargetState.Inactive } job)
            {
                homeless[job.Name] = job;
            }
        }

        var waiting = new SortedDictionary<string, Job>(StringComparer.Ordinal);
        while (homeless.Count > 0)
        {
            var job = homeless.First().Value;
            homeless.Remove(job.Name);
            if (FindPlace(job, board) is not { } placed)
            {
                waiting[job.Name] = job;
                continue;
            }

            decisions.Add(placed);
            board.Place(job, placed.MachineId);

            // Placing one can only let its followers follow.
            foreach (var follower in waiting.Values.Where(other => other.Requirements.Peers.Contains(job.Name)).ToList())
            {
                waiting.Remove(follower.Name);
                homeless[follower.Name] = follower;
            }
        }

        decisions.AddRange(waiting.Values.Select(job => new Decision.Wait(job.Name, WhyNowhere(job, board))));
        return decisions.ToImmutable();
    }

    /// <summary>Why a job is where it is, or nowhere, in the words of its decisions.</summary>
    public static (string Summary, ImmutableArray<(string MachineId, string? Obstacle, int Units)> Machines) Explain(ClusterState state, Job job)
    {
        var board = new Board(state);
        var machines = state.Machines.Values
            .Select(machine => (machine.Id, Placement.FindObstacle(job, machine, board.UnitsOn(machine.Id).Where(other => other.Name != job.Name)), board.UnitsOn(machine.Id).Length))
            .ToImmutableArray();
        int fitting = machines.Count(machine => machine.Item2 is null);
        string summary = job switch
        {
            { TargetState: TargetState.Inactive } => "target state inactive: it is on no machine until it is loaded or started",
            { IsGlobal: true } => $"global: runs on the {fitting} of {machines.Length} machines that fit",
            { TargetMachine: { } on } when !state.Machines.ContainsKey(on) => $"its Machine({on}) does not answer; it stays assigned until the engine takes it away",
            { TargetMachine: { } on } when WhyLeave(job, on, state, board) is { } reason => $"leaves Machine({on}): {reason}",
            { TargetMachine: { } on } => $"scheduled to Machine({on}), where nothing speaks against it",
            _ when FindCircular(job, board) is { } other => WhyNotBeside(other),
            _ when machines.IsEmpty => "no machine is registered",
            _ when fitting == 0 => "no machine fits",
            _ => "not scheduled yet; the engine has not looked at it, or there is none",
        };
        return (summary, machines);
    }

    private static IEnumerable<Decision.Unschedule> TakeMisplaced(ClusterState state, Board board)
    {
        var open = new SortedSet<string>(
            state.Jobs.Values.Where(job => job is { IsGlobal: false, TargetMachine: not null }).Select(job => job.Name), StringComparer.Ordinal);
        while (open.Min is { } name)
        {
            open.Remove(name);
            var job = state.Jobs[name];
            string machineId = job.TargetMachine!;
            if (WhyLeave(job, machineId, state, board) is not { } reason)
            {
                continue;
            }

            yield return new(name, machineId, reason);
            board.Take(job, machineId);

            // Taking one away can only make others of that machine leave: its peers.
            open.UnionWith(board.JobsOn(machineId).Where(other => other.Requirements.Peers.Contains(name)).Select(other => other.Name));
        }
    }

    private static string? WhyLeave(Job job, string machineId, ClusterState state, Board board)
    {
        if (job.TargetState == TargetState.Inactive)
        {
            return "target state inactive";
        }

        if (!state.Machines.TryGetValue(machineId, out var machine))
        {
            return state.Late.Contains(machineId) ? null : $"target Machine({machineId}) went away";
        }

        // Global units give way to a scheduled one, so they are no neighbours here. Of two that conflict the later one leaves.
        var neighbours = board.JobsOn(machineId).Where(other => !(IsEarlier(job, other) && Placement.IsConflict(job, other)));
        return Placement.FindObstacle(job, machine, neighbours);
    }

    private static bool IsEarlier(Job job, Job other) =>
        job.CreatedIndex != other.CreatedIndex ? job.CreatedIndex < other.CreatedIndex : string.CompareOrdinal(job.Name, other.Name) < 0;

    private static Decision.Schedule? FindPlace(Job job, Board board)
    {
        if (FindCircular(job, board) is not null)
        {
            return null;
        }

        foreach (var machine in board.ByLoad)
        {
            var units = board.UnitsOn(machine.Id);
            if (Placement.FindObstacle(job, machine, units) is null)
            {
                return new(job.Name, machine.Id, $"least loaded machine that fits, with {units.Length} units");
            }
        }

        return null;
    }

    private static string WhyNotBeside(Job other) => $"it and Unit({other.Name}), which is scheduled, replace each other: only one of them can be";

    private static Job? FindCircular(Job job, Board board) =>
        job.Requirements.Replaces.IsEmpty ? null : board.AllJobs.FirstOrDefault(other => Placement.IsCircular(job, other));

    private static string WhyNowhere(Job job, Board board)
    {
        if (FindCircular(job, board) is { } other)
        {
            return WhyNotBeside(other);
        }

        if (board.Machines.IsEmpty)
        {
            return "no machine is registered";
        }

        var told = board.Machines.Values.Take(LongestList).Select(machine => $"{machine.Id}: {Placement.FindObstacle(job, machine, board.UnitsOn(machine.Id))}");
        string all = string.Join("; ", told);
        return board.Machines.Count > LongestList ? $"{all}; and {board.Machines.Count - LongestList} more" : all;
    }
}
