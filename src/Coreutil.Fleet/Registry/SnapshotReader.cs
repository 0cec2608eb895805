using System.Collections.Immutable;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Machines;

namespace Coreutil.Fleet.Registry;

/// <summary>A key's value and when it was made.</summary>
public readonly record struct MirroredKey(string Value, ulong CreatedIndex);

/// <summary>Makes a snapshot of the keys. Texts that were parsed once are remembered by name and hash, for most keys never change.</summary>
internal sealed class SnapshotReader
{
    private readonly Dictionary<(string Name, string Hash), XFleetRequirements> _requirements = [];

    /// <param name="keys">All keys below the registry's root, named from there on: <c>job/x.service/target</c>.</param>
    public RegistrySnapshot Read(ImmutableSortedDictionary<string, MirroredKey> keys)
    {
        var objects = new Dictionary<string, MachineState>(StringComparer.Ordinal);
        var metadata = new List<(string MachineId, string Key, string Value)>();
        var jobs = new SortedDictionary<string, JobKeys>(StringComparer.Ordinal);
        var units = new Dictionary<string, string>(StringComparer.Ordinal);
        var states = ImmutableArray.CreateBuilder<PublishedState>();
        foreach (var (key, mirrored) in keys)
        {
            switch (key.Split('/'))
            {
                case ["machines", var id, "object"] when RegistryJson.ReadMachine(id, mirrored.Value) is { } machine:
                    objects[id] = machine;
                    break;
                case ["machines", var id, "metadata", var name]:
                    metadata.Add((id, name, mirrored.Value));
                    break;
                case ["unit", var hash]:
                    units[hash] = mirrored.Value;
                    break;
                case ["job", var name, var part]:
                    if (!jobs.TryGetValue(name, out var job))
                    {
                        jobs[name] = job = new();
                    }

                    job.Parts[part] = mirrored;
                    break;
                case ["states", var name, var id] when RegistryJson.ReadState(name, id, mirrored.Value) is { } state:
                    states.Add(state);
                    break;
                default:
                    break;
            }
        }

        var dynamic = metadata.ToLookup(entry => entry.MachineId, entry => KeyValuePair.Create(entry.Key, entry.Value), StringComparer.Ordinal);
        return ReadJobs(jobs, units) with
        {
            Machines = objects.ToImmutableSortedDictionary(
                pair => pair.Key, pair => pair.Value.WithDynamicMetadata(dynamic[pair.Key]), StringComparer.Ordinal),
            States = [.. states.OrderBy(state => state.UnitName, StringComparer.Ordinal).ThenBy(state => state.MachineId, StringComparer.Ordinal)],
        };
    }

    private RegistrySnapshot ReadJobs(SortedDictionary<string, JobKeys> all, Dictionary<string, string> units)
    {
        var jobs = ImmutableSortedDictionary.CreateBuilder<string, Job>(StringComparer.Ordinal);
        var broken = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, keys) in all)
        {
            // No object is no job: the rest of a destroyed one, such as a late heartbeat.
            if (!keys.Parts.TryGetValue("object", out var stored))
            {
                continue;
            }

            if (RegistryJson.ReadJobHash(stored.Value) is not { } hash || !units.TryGetValue(hash, out string? wrapped)
                || RegistryJson.ReadUnit(wrapped) is not { } text)
            {
                broken[name] = "its unit file is not in the registry";
            }
            else if (TargetStateOf(keys) is not { } target)
            {
                broken[name] = $"its target state \"{keys.Value("target-state")}\" is none of inactive, loaded and launched";
            }
            else
            {
                var requirements = RequirementsOf(name, hash, text);
                jobs[name] = new()
                {
                    Name = name,
                    Unit = new(hash, text),
                    TargetState = target,
                    TargetMachine = requirements.IsGlobal ? null : keys.Value("target"),
                    LaunchedOn = keys.Value("job-state"),
                    CreatedIndex = stored.CreatedIndex,
                    Requirements = requirements,
                };
            }
        }

        return new() { Jobs = jobs.ToImmutable(), BrokenJobs = broken.ToImmutable() };
    }

    // Between the writes of a job's two keys there is no target state yet; that is inactive.
    private static TargetState? TargetStateOf(JobKeys keys) =>
        keys.Value("target-state") is { } word ? TargetStateNames.Parse(word) : TargetState.Inactive;

    private XFleetRequirements RequirementsOf(string name, string hash, string text)
    {
        if (!_requirements.TryGetValue((name, hash), out var requirements))
        {
            requirements = UnitText.ReadRequirements(name, UnitText.Read(text));
            _requirements[(name, hash)] = requirements;
        }

        return requirements;
    }

    private sealed class JobKeys
    {
        public Dictionary<string, MirroredKey> Parts { get; } = new(StringComparer.Ordinal);

        public string? Value(string part) => Parts.TryGetValue(part, out var key) ? key.Value : null;
    }
}
