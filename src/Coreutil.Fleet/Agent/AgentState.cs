using System.Collections.Immutable;
using Coreutil.Fleet.Engine;
using Coreutil.Fleet.Registry;

namespace Coreutil.Fleet.Agent;

/// <summary>A fleet unit on this machine: the hash of its file, and whether its start was asked for.</summary>
/// <param name="Container">The name of the container that it runs, if it runs one.</param>
public sealed record LocalUnit(string Hash, bool IsLaunched, string? Container = null);

/// <summary>What this machine should run, read off the whole registry.</summary>
public static class AgentState
{
    /// <summary>Null while the registry does not know this machine: then nothing is known of what is wanted of it, and nothing may be stopped.</summary>
    public static ImmutableArray<DesiredUnit>? ReadDesired(RegistrySnapshot snapshot, string machineId) =>
        snapshot.Machines.TryGetValue(machineId, out var machine)
            ? [.. new ClusterState(snapshot.Machines, snapshot.Jobs).UnitsOn(machine).Select(DesiredUnit.Of)]
            : null;
}
