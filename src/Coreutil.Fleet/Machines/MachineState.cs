using System.Collections.Immutable;

namespace Coreutil.Fleet.Machines;

/// <summary>A machine as the cluster sees it. Metadata is what its configuration says, overlaid by what the API set.</summary>
public sealed record MachineState
{
    public required string Id { get; init; }

    public string PublicIp { get; init; } = "";

    public ImmutableSortedDictionary<string, string> Metadata { get; init; } = NoMetadata;

    public bool IsEngineDisabled { get; init; }

    public string Version { get; init; } = "";

    /// <summary>Tells a fleetd of this machine that came back from another one with the same ID.</summary>
    public string Instance { get; init; } = "";

    /// <summary>False for a machine of the original, which needs its own layout of the registry.</summary>
    public bool IsNative { get; init; }

    /// <summary>Where its API is reached by other machines; null for nowhere.</summary>
    public string? ApiAddress { get; init; }

    public static ImmutableSortedDictionary<string, string> NoMetadata { get; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>An empty dynamic value takes a static key away.</summary>
    public MachineState WithDynamicMetadata(IEnumerable<KeyValuePair<string, string>> dynamic)
    {
        var metadata = Metadata.ToBuilder();
        foreach (var (key, value) in dynamic)
        {
            if (value.Length == 0)
            {
                metadata.Remove(key);
            }
            else
            {
                metadata[key] = value;
            }
        }

        return this with { Metadata = metadata.ToImmutable() };
    }
}
