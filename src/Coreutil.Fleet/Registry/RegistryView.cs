using System.Collections.Immutable;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Machines;

namespace Coreutil.Fleet.Registry;

/// <summary>A key's value, when it was made, and what was left of its time when it was listed; 0 for ever.</summary>
public readonly record struct MirroredKey(string Value, ulong CreatedIndex, long TtlSeconds = 0);

/// <summary>
/// All keys of the registry, and the snapshot they come to. Only what changed since the last snapshot is read again, so a change costs the same in a
/// cluster of ten units and of ten thousand. Not for several threads.
/// </summary>
internal sealed class RegistryView
{
    private readonly Dictionary<Branch, Dictionary<string, MirroredKey>> _branches = [];
    private readonly HashSet<Branch> _dirty = [];
    private readonly HashSet<string> _departed = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Name, string Hash), XFleetRequirements> _requirements = [];
    private RegistrySnapshot _snapshot = RegistrySnapshot.Empty;

    /// <summary>True when the key's value is another one than before.</summary>
    /// <param name="name">From the root on: <c>job/x.service/target</c>.</param>
    public bool Set(string name, MirroredKey key)
    {
        if (Split(name) is not var (branch, leaf))
        {
            return false;
        }

        if (!_branches.TryGetValue(branch, out var leaves))
        {
            _branches[branch] = leaves = new(StringComparer.Ordinal);
        }

        if (leaves.TryGetValue(leaf, out var known) && known.Value == key.Value)
        {
            return false;
        }

        leaves[leaf] = key;
        _dirty.Add(branch);
        if (branch.Category == "unit")
        {
            // A unit file may come after the job that names it.
            _dirty.UnionWith(_snapshot.BrokenJobs.Keys.Select(name => new Branch("job", name)));
        }

        return true;
    }

    /// <summary>Takes a key away, and all below it.</summary>
    /// <param name="isDeliberate">Somebody deleted it; else its time was over.</param>
    public bool Remove(string name, bool isDeliberate)
    {
        string[] parts = name.Split('/', 3);
        Branch[] touched = parts switch
        {
            [""] => [.. _branches.Keys],
            [var category] => [.. _branches.Keys.Where(branch => branch.Category == category)],
            [var category, var branchName, ..] => [new(category, branchName)],
            _ => [],
        };
        bool isChanged = false;
        foreach (var branch in touched)
        {
            if (!_branches.TryGetValue(branch, out var leaves))
            {
                continue;
            }

            string? leaf = parts.Length == 3 ? parts[2] : null;
            foreach (string gone in leaves.Keys.Where(key => leaf is null || key == leaf || key.StartsWith(leaf + "/", StringComparison.Ordinal)).ToArray())
            {
                leaves.Remove(gone);
                isChanged = true;
                _dirty.Add(branch);
                if (branch.Category == "unit")
                {
                    _dirty.UnionWith(_snapshot.Jobs.Values.Where(job => job.Unit.Hash == branch.Name).Select(job => new Branch("job", job.Name)));
                }

                if (branch.Category == "machines" && gone == "object" && isDeliberate)
                {
                    _departed.Add(branch.Name);
                }
            }
        }

        return isChanged;
    }

    /// <summary>Brings the keys to a listing; true when anything was different.</summary>
    public bool Replace(IReadOnlyDictionary<string, MirroredKey> all)
    {
        bool isChanged = false;
        string[] gone = [.. _branches.SelectMany(branch => branch.Value.Keys.Select(leaf => branch.Key.NameOf(leaf))).Where(name => !all.ContainsKey(name))];
        foreach (string name in gone)
        {
            isChanged |= Remove(name, isDeliberate: false);
        }

        foreach (var (name, key) in all)
        {
            isChanged |= Set(name, key);
        }

        return isChanged;
    }

    public RegistrySnapshot Snapshot()
    {
        if (_dirty.Count == 0)
        {
            return _snapshot;
        }

        var machines = _snapshot.Machines.ToBuilder();
        var absent = _snapshot.Absent.ToBuilder();
        var jobs = _snapshot.Jobs.ToBuilder();
        var broken = _snapshot.BrokenJobs.ToBuilder();
        var states = _snapshot.StatesByUnit.ToBuilder();
        var hashes = _snapshot.UnitHashes.ToBuilder();
        var assignments = _snapshot.Assignments.ToBuilder();
        foreach (var branch in _dirty)
        {
            var leaves = _branches.GetValueOrDefault(branch) ?? [];
            switch (branch.Category)
            {
                case "machines":
                    var machine = ReadMachine(branch.Name, leaves);
                    Put(machines, branch.Name, machine);
                    Put(absent, branch.Name, machine is null ? ReadAbsent(branch.Name, leaves) : null);
                    break;
                case "job":
                    var (job, fault) = ReadJob(branch.Name, leaves);
                    Put(jobs, branch.Name, job);
                    Put(broken, branch.Name, fault);
                    break;
                case "states":
                    var published = ReadStates(branch.Name, leaves);
                    Put(states, branch.Name, published.IsEmpty ? null : published);
                    break;
                case "unit" when leaves.Count > 0:
                    hashes.Add(branch.Name);
                    break;
                case "unit":
                    hashes.Remove(branch.Name);
                    break;
                case "x-assigned":
                    Put(assignments, branch.Name, leaves.TryGetValue("", out var record) ? record.Value : null);
                    break;
                default:
                    break;
            }

            if (leaves.Count == 0)
            {
                _branches.Remove(branch);
            }
        }

        _dirty.Clear();
        return _snapshot = new()
        {
            Machines = machines.ToImmutable(),
            Absent = absent.ToImmutable(),
            Jobs = jobs.ToImmutable(),
            BrokenJobs = broken.ToImmutable(),
            StatesByUnit = states.ToImmutable(),
            UnitHashes = hashes.ToImmutable(),
            Assignments = assignments.ToImmutable(),
            IsNative = machines.Count > 0 && machines.Values.All(machine => machine.IsNative),
        };
    }

    private MachineState? ReadMachine(string id, Dictionary<string, MirroredKey> leaves)
    {
        if (!leaves.TryGetValue("object", out var stored) || RegistryJson.ReadMachine(id, stored.Value) is not { } machine)
        {
            return null;
        }

        const string Metadata = "metadata/";
        _departed.Remove(id);
        return machine.WithDynamicMetadata(leaves
            .Where(leaf => leaf.Key.StartsWith(Metadata, StringComparison.Ordinal))
            .Select(leaf => KeyValuePair.Create(leaf.Key[Metadata.Length..], leaf.Value.Value))) with
        {
            ApiAddress = leaves.TryGetValue("x-api", out var api) ? api.Value : null,
        };
    }

    private AbsentMachine? ReadAbsent(string id, Dictionary<string, MirroredKey> leaves)
    {
        bool isGone = _departed.Contains(id) || leaves.ContainsKey("x-gone");
        bool hasNotes = leaves.Keys.Any(leaf => leaf.StartsWith("x-", StringComparison.Ordinal));
        return isGone || hasNotes ? new(isGone, hasNotes) : null;
    }

    private (Job? Job, BrokenJob? Fault) ReadJob(string name, Dictionary<string, MirroredKey> leaves)
    {
        // No object is no job: the rest of a destroyed one, such as a late heartbeat.
        if (!leaves.TryGetValue("object", out var stored))
        {
            return (null, null);
        }

        if (RegistryJson.ReadJobHash(stored.Value) is not { } hash)
        {
            return (null, new("its object names no unit file", null));
        }

        if (!_branches.TryGetValue(new("unit", hash), out var unit) || !unit.TryGetValue("", out var wrapped)
            || RegistryJson.ReadUnit(wrapped.Value) is not { } text)
        {
            return (null, new("its unit file is not in the registry", hash));
        }

        // Between the writes of a job's two keys there is no target state yet; that is inactive.
        string? word = Value("target-state");
        if ((word is null ? TargetState.Inactive : TargetStateNames.Parse(word)) is not { } target)
        {
            return (null, new($"its target state \"{word}\" is none of inactive, loaded and launched", hash));
        }

        var requirements = RequirementsOf(name, hash, text);
        return (new()
        {
            Name = name,
            Unit = new(hash, text),
            TargetState = target,
            TargetMachine = requirements.IsGlobal ? null : Value("target"),
            LaunchedOn = Value("job-state"),
            CreatedIndex = stored.CreatedIndex,
            Requirements = requirements,
        }, null);

        string? Value(string part) => leaves.TryGetValue(part, out var key) ? key.Value : null;
    }

    private static ImmutableSortedDictionary<string, PublishedState> ReadStates(string unit, Dictionary<string, MirroredKey> leaves) => leaves
        .Select(leaf => RegistryJson.ReadState(unit, leaf.Key, leaf.Value.Value))
        .OfType<PublishedState>()
        .ToImmutableSortedDictionary(state => state.MachineId, state => state, StringComparer.Ordinal);

    // Texts that were parsed once are remembered: a job's states change a thousand times, its text hardly ever.
    private XFleetRequirements RequirementsOf(string name, string hash, string text)
    {
        if (!_requirements.TryGetValue((name, hash), out var requirements))
        {
            requirements = UnitText.ReadRequirements(name, UnitText.Read(text));
            _requirements[(name, hash)] = requirements;
        }

        return requirements;
    }

    private static void Put<T>(ImmutableSortedDictionary<string, T>.Builder all, string name, T? value)
        where T : class
    {
        if (value is null)
        {
            all.Remove(name);
        }
        else
        {
            all[name] = value;
        }
    }

    private static (Branch Branch, string Leaf)? Split(string name) => name.Split('/', 3) switch
    {
        [var category, var branch, var leaf] => (new(category, branch), leaf),
        [var category, var branch] => (new(category, branch), ""),
        _ => null,
    };

    /// <summary>What belongs together: a job, a machine, a unit file, the states of a unit.</summary>
    private readonly record struct Branch(string Category, string Name)
    {
        public string NameOf(string leaf) => leaf.Length == 0 ? $"{Category}/{Name}" : $"{Category}/{Name}/{leaf}";
    }
}
