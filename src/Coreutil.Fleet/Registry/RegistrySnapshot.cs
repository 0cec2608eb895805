using System.Collections.Immutable;
using Coreutil.Fleet.Containers;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Machines;
using Coreutil.Units;

namespace Coreutil.Fleet.Registry;

/// <summary>The whole registry at one moment. Everything is sorted by name.</summary>
public sealed record RegistrySnapshot
{
    public static RegistrySnapshot Empty { get; } = new();

    public ImmutableSortedDictionary<string, MachineState> Machines { get; init; } = Sorted<MachineState>();

    /// <summary>Machines that left something behind and do not answer.</summary>
    public ImmutableSortedDictionary<string, AbsentMachine> Absent { get; init; } = Sorted<AbsentMachine>();

    public ImmutableSortedDictionary<string, Job> Jobs { get; init; } = Sorted<Job>();

    /// <summary>Jobs whose keys are there and make no sense, by name, with what is wrong.</summary>
    public ImmutableSortedDictionary<string, BrokenJob> BrokenJobs { get; init; } = Sorted<BrokenJob>();

    public ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, PublishedState>> StatesByUnit { get; init; } =
        Sorted<ImmutableSortedDictionary<string, PublishedState>>();

    /// <summary>Hashes of all stored unit files, whether a job uses them or not.</summary>
    public ImmutableSortedSet<string> UnitHashes { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>What the engine wrote for each machine last.</summary>
    public ImmutableSortedDictionary<string, string> Assignments { get; init; } = Sorted<string>();

    /// <summary>By unit, then machine.</summary>
    public IEnumerable<PublishedState> States => StatesByUnit.Values.SelectMany(states => states.Values);

    /// <summary>True where no machine of the original is in the cluster: then our own layout holds.</summary>
    public bool IsNative { get; init; }

    public IEnumerable<PublishedState> StatesOf(string unit) => StatesByUnit.TryGetValue(unit, out var states) ? states.Values : [];

    /// <summary>
    /// What became of a job: inactive until its machine publishes a state of it, launched once that machine said so. Never stored as such.
    /// </summary>
    public TargetState CurrentStateOf(Job job)
    {
        if (job.TargetMachine is not { } machine || !StatesByUnit.TryGetValue(job.Name, out var states) || !states.ContainsKey(machine))
        {
            return TargetState.Inactive;
        }

        return job.LaunchedOn == machine ? TargetState.Launched : TargetState.Loaded;
    }

    internal static ImmutableSortedDictionary<string, T> Sorted<T>() => ImmutableSortedDictionary.Create<string, T>(StringComparer.Ordinal);
}

/// <summary>A unit's state on one machine, as that machine published it.</summary>
public sealed record PublishedState(string UnitName, string MachineId, UnitState State, string UnitHash)
{
    /// <summary>The container that it runs; null where it runs none, none is there, or Docker does not answer.</summary>
    public Container? Container { get; init; }
}

/// <param name="UnitHash">The unit file it names, where it names one.</param>
public sealed record BrokenJob(string Fault, string? UnitHash);

/// <summary>A machine without its object.</summary>
/// <param name="IsGone">It will not come back: it took its object away itself, or an operator said so. Else it is late.</param>
/// <param name="HasNotes">Keys of ours are left that nobody needs any more.</param>
public sealed record AbsentMachine(bool IsGone, bool HasNotes);
