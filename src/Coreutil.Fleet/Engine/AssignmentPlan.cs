using System.Collections.Immutable;
using Coreutil.Fleet.Registry;

namespace Coreutil.Fleet.Engine;

/// <summary>Which machines are told something else than before. Where a machine of the original is in the cluster none is: the agents read the whole registry, as its agent does.</summary>
public sealed record AssignmentPlan(ImmutableArray<KeyValuePair<string, Assignment>> Written, ImmutableArray<string> Removed)
{
    /// <summary>So many machines look at the lease every interval, the others now and then: a thousand of them would be a load.</summary>
    private const int Standbys = 6;

    /// <param name="snapshot">What stands in the registry.</param>
    /// <param name="after">The cluster as it was decided to be.</param>
    public static AssignmentPlan Of(RegistrySnapshot snapshot, ClusterState after)
    {
        if (!snapshot.IsNative)
        {
            return new([], [.. snapshot.Assignments.Keys]);
        }

        var board = new Board(after);
        var standbys = snapshot.Machines.Values.Where(machine => !machine.IsEngineDisabled).Take(Standbys).Select(machine => machine.Id).ToHashSet(StringComparer.Ordinal);
        var wanted = snapshot.Machines.Keys.Select(id => KeyValuePair.Create(
            id,
            new Assignment(standbys.Contains(id), [.. board.UnitsOn(id).OrderBy(job => job.Name, StringComparer.Ordinal).Select(DesiredUnit.Of)])));
        return new(
            [.. wanted.Where(pair => snapshot.Assignments.GetValueOrDefault(pair.Key) != RegistryJson.WriteAssignment(pair.Value))],
            [.. snapshot.Assignments.Keys.Where(id => !snapshot.Machines.ContainsKey(id) && !after.Late.Contains(id))]);
    }
}
