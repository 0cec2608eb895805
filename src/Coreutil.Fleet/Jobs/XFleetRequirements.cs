using System.Collections.Immutable;
using Coreutil.Units.Files;

namespace Coreutil.Fleet.Jobs;

/// <summary>
/// What a unit's [X-Fleet] section demands of the machine it runs on. Names with <c>X-</c> are the ones of fleet before 0.8 and mean the same.
/// </summary>
public sealed record XFleetRequirements
{
    public const string Section = "X-Fleet";

    // First: the initialisers below run in the order of the text.
    private static readonly ImmutableSortedSet<string> _noWords = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    public static XFleetRequirements None { get; } = new();

    /// <summary>The one machine it may run on: a full ID or its first eight characters.</summary>
    public string? MachineId { get; init; }

    /// <summary>Units that must be on the same machine already.</summary>
    public ImmutableSortedSet<string> Peers { get; init; } = _noWords;

    /// <summary>Glob patterns of units that must not be there.</summary>
    public ImmutableSortedSet<string> Conflicts { get; init; } = _noWords;

    /// <summary>Glob patterns of units that must leave when this one comes.</summary>
    public ImmutableSortedSet<string> Replaces { get; init; } = _noWords;

    /// <summary>Metadata a machine needs: one of the values, for every key.</summary>
    public ImmutableSortedDictionary<string, ImmutableSortedSet<string>> Metadata { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableSortedSet<string>>(StringComparer.Ordinal);

    /// <summary>Runs on every machine that fits.</summary>
    public bool IsGlobal { get; init; }

    /// <param name="unitName">The unit's full name, for the specifiers in the values.</param>
    /// <param name="options">Names and values of the X-Fleet section, in their order.</param>
    public static XFleetRequirements Read(string unitName, IEnumerable<(string Name, string Value)> options)
    {
        var values = options.SelectMany(option => SplitQuoted(XFleetSpecifiers.Expand(option.Value, unitName)), (option, value) => (option.Name, Value: value))
            .ToLookup(option => option.Name, option => option.Value, StringComparer.Ordinal);
        return new()
        {
            MachineId = values["MachineID"].Concat(values["X-ConditionMachineID"]).Concat(values["X-ConditionMachineBootID"]).FirstOrDefault(),
            Peers = Words(values["MachineOf"].Concat(values["X-ConditionMachineOf"])),
            Conflicts = Words(values["Conflicts"].Concat(values["X-Conflicts"])
                .SelectMany(value => value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))),
            Replaces = Words(values["Replaces"]),
            Metadata = ReadMetadata(values["MachineMetadata"].Concat(values["X-ConditionMachineMetadata"])),
            IsGlobal = IsTruthy(values["Global"].LastOrDefault()),
        };
    }

    public bool IsMetBy(string machineId) =>
        MachineId is null || MachineId == machineId || (machineId.Length > 8 && MachineId == machineId[..8]);

    /// <summary>The first key whose demand the machine's metadata does not meet; null when all are met.</summary>
    public string? FirstUnmetMetadata(IReadOnlyDictionary<string, string> metadata)
    {
        foreach (var (key, accepted) in Metadata)
        {
            if (!metadata.TryGetValue(key, out string? value) || !accepted.Contains(value))
            {
                return $"{key}={string.Join('|', accepted)}";
            }
        }

        return null;
    }

    /// <summary>Why no machine could ever satisfy these demands; null when one could. The texts are the original API's.</summary>
    public string? FindContradiction()
    {
        foreach (string peer in Peers)
        {
            if (Conflicts.FirstOrDefault(pattern => PathGlob.IsMatch(pattern, peer)) is { } conflict)
            {
                return $"unresolvable requirements: peer \"{peer}\" matches conflict \"{conflict}\"";
            }

            if (Replaces.FirstOrDefault(pattern => PathGlob.IsMatch(pattern, peer)) is { } replaced)
            {
                return $"unresolvable requirements: peer \"{peer}\" matches replace \"{replaced}\"";
            }
        }

        return this switch
        {
            { MachineId: not null, Peers.Count: > 0 } => "MachineID cannot be used with Peers",
            { MachineId: not null, Conflicts.Count: > 0 } => "MachineID cannot be used with Conflicts",
            { MachineId: not null, IsGlobal: true } => "MachineID cannot be used with Global",
            { MachineId: not null, Replaces.Count: > 0 } => "MachineID cannot be used with Replaces",
            { IsGlobal: true, Peers.Count: > 0 } => "Global cannot be used with Peers",
            { IsGlobal: true, Replaces.Count: > 0 } => "Global cannot be used with Replaces",
            { Conflicts.Count: > 0, Replaces.Count: > 0 } => "Conflicts cannot be used with Replaces",
            _ => null,
        };
    }

    // "region=us" "disk=ssd" is two values; text that does not start and end with a quote is one.
    private static IEnumerable<string> SplitQuoted(string value)
    {
        if (value.Length < 2 || value[0] != '"' || value[^1] != '"')
        {
            yield return value;
            yield break;
        }

        int start = -1;
        bool isQuoted = false;
        for (int i = 0; i <= value.Length; i++)
        {
            if (i < value.Length && value[i] == '"')
            {
                isQuoted = !isQuoted;
            }

            bool isBlank = i == value.Length || (!isQuoted && char.IsWhiteSpace(value[i]));
            if (!isBlank && start < 0)
            {
                start = i;
            }
            else if (isBlank && start >= 0)
            {
                yield return value[start..i].Replace("\"", "", StringComparison.Ordinal);
                start = -1;
            }
        }
    }

    // A pair without exactly one '=', or with an empty side, is ignored.
    private static ImmutableSortedDictionary<string, ImmutableSortedSet<string>> ReadMetadata(IEnumerable<string> pairs) =>
        pairs.Select(pair => pair.Split('='))
            .Where(halves => halves is [{ Length: > 0 }, { Length: > 0 }])
            .GroupBy(halves => halves[0], halves => halves[1], StringComparer.Ordinal)
            .ToImmutableSortedDictionary(group => group.Key, Words, StringComparer.Ordinal);

    private static bool IsTruthy(string? value) => value?.ToUpperInvariant() is "TRUE" or "YES" or "1" or "ON" or "T";

    private static ImmutableSortedSet<string> Words(IEnumerable<string> words) => words.ToImmutableSortedSet(StringComparer.Ordinal);
}
