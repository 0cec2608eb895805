using System.Collections.Immutable;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Machines;

namespace Coreutil.Fleet.Engine;

/// <summary>A working copy of the cluster while decisions are made: who is where, and how loaded each machine is.</summary>
internal sealed class Board
{
    private readonly ImmutableArray<Job> _globals;
    private readonly Dictionary<string, List<Job>> _placed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ImmutableArray<Job>> _units = new(StringComparer.Ordinal);
    private readonly SortedSet<(int Load, string MachineId)> _byLoad =
        new(Comparer<(int Load, string MachineId)>.Create((one, other) => one.Load != other.Load ? one.Load.CompareTo(other.Load) : string.CompareOrdinal(one.MachineId, other.MachineId)));

    public Board(ClusterState state)
    {
        Machines = state.Machines;
        _globals = [.. state.Jobs.Values.Where(job => job.IsGlobal && job.TargetState != TargetState.Inactive)];
        foreach (var job in state.Jobs.Values)
        {
            if (job is { IsGlobal: false, TargetMachine: { } machineId } && job.TargetState != TargetState.Inactive)
            {
                PlacedOn(machineId).Add(job);
            }
        }

        foreach (string id in Machines.Keys)
        {
            Recount(id);
        }
    }

    public ImmutableSortedDictionary<string, MachineState> Machines { get; }

    /// <summary>Least loaded first, then by ID.</summary>
    public IEnumerable<MachineState> ByLoad => _byLoad.Select(entry => Machines[entry.MachineId]);

    /// <summary>The scheduled jobs there, without global ones.</summary>
    public IReadOnlyList<Job> JobsOn(string machineId) => _placed.TryGetValue(machineId, out var jobs) ? jobs : [];

    public IEnumerable<Job> AllJobs => _placed.Values.SelectMany(jobs => jobs);

    /// <summary>What counts there: scheduled jobs, then every global unit that fits beside those before it.</summary>
    public ImmutableArray<Job> UnitsOn(string machineId) => _units.TryGetValue(machineId, out var units) ? units : [];

    public void Place(Job job, string machineId)
    {
        PlacedOn(machineId).Add(job);
        Recount(machineId);
    }

    public void Take(Job job, string machineId)
    {
        PlacedOn(machineId).RemoveAll(other => other.Name == job.Name);
        Recount(machineId);
    }

    private List<Job> PlacedOn(string machineId)
    {
        if (!_placed.TryGetValue(machineId, out var jobs))
        {
            _placed[machineId] = jobs = [];
        }

        return jobs;
    }

    private void Recount(string machineId)
    {
        if (!Machines.TryGetValue(machineId, out var machine))
        {
            return;
        }

        if (_units.TryGetValue(machineId, out var before))
        {
            _byLoad.Remove((before.Length, machineId));
        }

        var after = Placement.UnitsOn(machine, JobsOn(machineId), _globals);
        _units[machineId] = after;
        _byLoad.Add((after.Length, machineId));
    }
}
