using System.Collections.Immutable;
using Coreutil.Fleet.Jobs;

namespace Coreutil.Fleet.Registry;

/// <summary>What the engine wants of one machine.</summary>
/// <param name="IsStandby">It is one of the few that look after the engine's lease all the time.</param>
public sealed record Assignment(bool IsStandby, ImmutableArray<DesiredUnit> Units);

/// <summary>A unit that should be on a machine, by the hash of its file.</summary>
public sealed record DesiredUnit(string Name, string Hash, TargetState TargetState)
{
    public static DesiredUnit Of(Job job) => new(job.Name, job.Unit.Hash, job.TargetState);
}

/// <summary>Who holds the engine's lease.</summary>
public sealed record LeaseHolder(string MachineId, int Version, bool IsNative);
