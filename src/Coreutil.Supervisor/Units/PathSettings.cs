using System.Collections.Frozen;
using System.Collections.Immutable;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

public enum PathKind
{
    Exists,
    ExistsGlob,
    Changed,
    Modified,
    DirectoryNotEmpty,
}

public sealed record PathSettings
{
    public required string Unit { get; init; }

    public ImmutableArray<(PathKind Kind, string Path)> Watches { get; init; } = [];

    public bool MakesDirectory { get; init; }

    public uint DirectoryMode { get; init; } = 0x1ED;
}

/// <summary>[Path] (systemd.path(5)).</summary>
internal static class PathReader
{
    private static readonly FrozenDictionary<string, PathKind> _kinds = new Dictionary<string, PathKind>
    {
        ["PathExists"] = PathKind.Exists,
        ["PathExistsGlob"] = PathKind.ExistsGlob,
        ["PathChanged"] = PathKind.Changed,
        ["PathModified"] = PathKind.Modified,
        ["DirectoryNotEmpty"] = PathKind.DirectoryNotEmpty,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static UnitDefinition Read(UnitDefinition definition, UnitSection section, List<string> problems)
    {
        var defaults = new PathSettings { Unit = section.Text("Unit") ?? $"{UnitName.WithoutSuffix(definition.Name)}.service" };
        var path = defaults with
        {
            Watches = [.. section.List(_kinds.Keys).Select(watch => (_kinds[watch.Setting], section.Expand(watch.Value)))],
            MakesDirectory = section.Flag("MakeDirectory", false),
            DirectoryMode = section.Mode("DirectoryMode") ?? defaults.DirectoryMode,
        };
        if (path.Watches.IsEmpty)
        {
            problems.Add("Path unit lacks path setting. Refusing.");
        }

        return definition with { PathWatch = path, Dependencies = definition.Dependencies with { Triggers = [path.Unit], Before = definition.Dependencies.Before.Add(path.Unit) } };
    }
}
