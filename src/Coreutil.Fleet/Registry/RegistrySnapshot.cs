using System.Collections.Immutable;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Machines;
using Coreutil.Units;

namespace Coreutil.Fleet.Registry;

/// <summary>The whole registry at one moment. Everything is sorted by name.</summary>
public sealed record RegistrySnapshot
{
    public static RegistrySnapshot Empty { get; } = new();

    public ImmutableSortedDictionary<string, MachineState> Machines { get; init; } = ImmutableSortedDictionary.Create<string, MachineState>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, Job> Jobs { get; init; } = ImmutableSortedDictionary.Create<string, Job>(StringComparer.Ordinal);

    /// <summary>By unit, then machine.</summary>
    public ImmutableArray<PublishedState> States { get; init; } = [];

    /// <summary>Jobs whose keys are there and make no sense, by name, with what is wrong.</summary>
    public ImmutableSortedDictionary<string, string> BrokenJobs { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// What became of a job: inactive until its machine publishes a state of it, launched once that machine said so. Never stored as such.
    /// </summary>
    public TargetState CurrentStateOf(Job job)
    {
        if (job.TargetMachine is not { } machine || !States.Any(state => state.UnitName == job.Name && state.MachineId == machine))
        {
            return TargetState.Inactive;
        }

        return job.LaunchedOn == machine ? TargetState.Launched : TargetState.Loaded;
    }
}

/// <summary>A unit's state on one machine, as that machine published it.</summary>
public sealed record PublishedState(string UnitName, string MachineId, UnitState State, string UnitHash);
