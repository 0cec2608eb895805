using System.Collections.Immutable;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Machines;
using Coreutil.Units.Files;

namespace Coreutil.Fleet.Engine;

/// <summary>May this job be on that machine, beside those units? The conditions and their order are the original engine's.</summary>
public static class Placement
{
    /// <summary>What counts on a machine: the jobs put there, then every global unit that fits and conflicts with none before it.</summary>
    public static ImmutableArray<Job> UnitsOn(MachineState machine, IEnumerable<Job> placed, IEnumerable<Job> globals)
    {
        List<Job> units = [.. placed];
        foreach (var job in globals)
        {
            if (FindObstacle(job, machine, units) is null)
            {
                units.Add(job);
            }
        }

        return [.. units];
    }

    /// <summary>The first reason against it; null when there is none.</summary>
    public static string? FindObstacle(Job job, MachineState machine, IEnumerable<Job> neighbours)
    {
        var requirements = job.Requirements;
        if (!requirements.IsMetBy(machine.Id))
        {
            return $"agent ID \"{machine.Id}\" does not match required \"{requirements.MachineId}\"";
        }

        if (requirements.FirstUnmetMetadata(machine.Metadata) is { } unmet)
        {
            return $"local Machine metadata insufficient: {unmet} is required";
        }

        var others = neighbours.Where(other => other.Name != job.Name).ToList();
        if (requirements.Peers.FirstOrDefault(peer => others.All(other => other.Name != peer)) is { } missing)
        {
            return $"required peer Unit({missing}) is not scheduled locally";
        }

        if (others.Find(other => IsConflict(job, other)) is { } conflicting)
        {
            return $"found conflict with locally-scheduled Unit({conflicting.Name})";
        }

        return others.Find(other => IsReplacedBy(job, other)) is { } successor
            ? $"replaced by locally-scheduled Unit({successor.Name})"
            : null;
    }

    /// <summary>Either one's pattern is enough.</summary>
    public static bool IsConflict(Job one, Job other) => Matches(one.Requirements.Conflicts, other) || Matches(other.Requirements.Conflicts, one);

    /// <summary>Each names the other in Replaces. Only one of such a pair is scheduled, on whichever machine: two would move each other for ever.</summary>
    public static bool IsCircular(Job one, Job other) =>
        one.Name != other.Name && Matches(one.Requirements.Replaces, other) && Matches(other.Requirements.Replaces, one);

    // Two units that replace each other stay where they are: the original demands exactly one direction.
    private static bool IsReplacedBy(Job job, Job other) => Matches(other.Requirements.Replaces, job) && !Matches(job.Requirements.Replaces, other);

    private static bool Matches(IEnumerable<string> patterns, Job job) => patterns.Any(pattern => PathGlob.IsMatch(pattern, job.Name));
}
