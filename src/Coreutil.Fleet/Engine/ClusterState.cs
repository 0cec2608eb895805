using System.Collections.Immutable;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Machines;

namespace Coreutil.Fleet.Engine;

/// <summary>Machines, jobs, and who is where: all that scheduling looks at.</summary>
public sealed record ClusterState(
    ImmutableSortedDictionary<string, MachineState> Machines,
    ImmutableSortedDictionary<string, Job> Jobs)
{
    /// <summary>Machines that do not answer and may come back: what is on them stays.</summary>
    public ImmutableHashSet<string> Late { get; init; } = [];

    /// <summary>The units that count on a machine.</summary>
    public ImmutableArray<Job> UnitsOn(MachineState machine) => Placement.UnitsOn(
        machine,
        Jobs.Values.Where(job => !job.IsGlobal && job.TargetMachine == machine.Id && job.TargetState != TargetState.Inactive),
        Jobs.Values.Where(job => job.IsGlobal && job.TargetState != TargetState.Inactive));

    /// <summary>The state after these decisions.</summary>
    public ClusterState With(IEnumerable<Decision> decisions)
    {
        var jobs = Jobs.ToBuilder();
        foreach (var decision in decisions)
        {
            if (decision is not Decision.Wait)
            {
                jobs[decision.UnitName] = jobs[decision.UnitName] with { TargetMachine = (decision as Decision.Schedule)?.MachineId };
            }
        }

        return this with { Jobs = jobs.ToImmutable() };
    }
}
