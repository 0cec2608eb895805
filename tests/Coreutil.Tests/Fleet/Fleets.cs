using System.Collections.Immutable;
using Coreutil.Fleet.Engine;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Machines;

namespace Coreutil.Tests.Fleet;

/// <summary>Small clusters in few words.</summary>
internal static class Fleets
{
    public static MachineState Machine(string id, params string[] metadata) => new()
    {
        Id = id,
        Metadata = metadata.Select(pair => pair.Split('=')).ToImmutableSortedDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal),
    };

    public static Job Job(string name, string? on = null, TargetState target = TargetState.Launched, string[]? demands = null, ulong created = 0) => new()
    {
        Name = name,
        Unit = new("00", "text"),
        TargetState = target,
        TargetMachine = on,
        CreatedIndex = created,
        Requirements = Demands(name, demands ?? []),
    };

    public static XFleetRequirements Demands(string name, params string[] lines) =>
        XFleetRequirements.Read(name, lines.Select(line => line.Split('=', 2)).Select(halves => (halves[0], halves[1])));

    public static ClusterState Cluster(MachineState[] machines, params Job[] jobs) => new(
        machines.ToImmutableSortedDictionary(machine => machine.Id, machine => machine, StringComparer.Ordinal),
        jobs.ToImmutableSortedDictionary(job => job.Name, job => job, StringComparer.Ordinal));

    /// <summary>Decisions as <c>+unit@machine</c>, <c>-unit@machine</c> and <c>?unit</c>.</summary>
    public static string[] Decide(ClusterState cluster) => [.. Schedule.Decide(cluster).Select(decision => decision switch
    {
        Decision.Schedule placed => $"+{placed.UnitName}@{placed.MachineId}",
        Decision.Unschedule removed => $"-{removed.UnitName}@{removed.MachineId}",
        _ => $"?{decision.UnitName}",
    })];
}
