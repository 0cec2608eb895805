using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Fleet;

namespace Coreutil.Applets.Fleetd;

/// <summary>The original's <c>-config</c> and <c>-version</c>, and every option of fleet.conf as a flag, with dashes: an addition of ours.</summary>
internal sealed class FleetdFlags
{
    private readonly Option<string?> _config = new("--config") { Description = "Path to config file. Fleet will look for a config at /etc/fleet/fleet.conf by default." };
    private readonly Option<bool> _version = new("--version") { Description = "Print the version and exit" };

    private readonly ImmutableArray<(string Name, Option<string?> Flag)> _options =
    [
        .. FleetConfigReader.Options.Select(name => (
            name, new Option<string?>($"--{name.Replace('_', '-')}") { Description = $"{name} of fleet.conf (FLEET_{name.ToUpperInvariant()})" })),
    ];

    public void AddTo(Command root)
    {
        // The version every RootCommand brings along is coreutil's, not fleet's.
        root.Options.Remove(root.Options.OfType<VersionOption>().Single());
        root.Options.Add(_config);
        root.Options.Add(_version);
        foreach (var (_, flag) in _options)
        {
            root.Options.Add(flag);
        }
    }

    public FleetdRequest Read(ParseResult parsed) => new(
        parsed.GetValue(_config),
        parsed.GetValue(_version),
        _options.Where(option => parsed.GetValue(option.Flag) is not null)
            .ToImmutableDictionary(option => option.Name, option => parsed.GetValue(option.Flag)!));
}

internal sealed record FleetdRequest(string? ConfigFile, bool IsVersionAsked, ImmutableDictionary<string, string> Options);
