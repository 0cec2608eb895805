using System.Collections.Immutable;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Machines;

namespace Coreutil.Fleet.Engine;

/// <summary>Machines, jobs, and who is where: all that scheduling looks at. Immutable; a decision gives the next state.</summary>
public sealed record ClusterState(
    ImmutableSortedDictionary<string, MachineState> Machines,
    ImmutableSortedDictionary<string, Job> Jobs)
{
    /// <summary>
    /// The units that count on a machine: jobs put there and wanted, then every global unit that fits and conflicts with none before it.
    /// </summary>
    public ImmutableArray<Job> UnitsOn(MachineState machine)
    {
        var units = Jobs.Values
            .Where(job => !job.IsGlobal && job.TargetMachine == machine.Id && job.TargetState != TargetState.Inactive)
            .ToList();
        foreach (var job in Jobs.Values)
        {
            if (job.IsGlobal && job.TargetState != TargetState.Inactive && Placement.FindObstacle(job, machine, units) is null)
            {
                units.Add(job);
            }
        }

        return [.. units];
    }

    public ClusterState Place(Job job, string? machineId) => this with { Jobs = Jobs.SetItem(job.Name, job with { TargetMachine = machineId }) };
}
