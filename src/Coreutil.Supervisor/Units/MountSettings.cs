using System.Collections.Immutable;
using Coreutil.Supervisor.Machine;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

public sealed record MountSettings(string What, string Where);

/// <summary>
/// [Mount] (systemd.mount(5)): lives as a oneshot that runs mount(8) and umount(8), under the names of a mount's states.
/// </summary>
internal static class MountReader
{
    public static UnitDefinition Read(UnitDefinition definition, UnitSection section, List<string> problems)
    {
        string where = ReadWhere(definition, section, problems);
        string? what = section.Text("What");
        if (what is null)
        {
            problems.Add("What= setting is missing. Refusing.");
        }

        ImmutableArray<string> options = [.. section.Text("Type") is { } type ? (string[])["-t", type] : [], .. section.Text("Options") is { } given ? (string[])["-o", given] : []];
        var defaults = new ServiceSettings();
        var timeout = section.Span("TimeoutSec", defaults.StartTimeout, isZeroInfinite: true);
        var settings = new ServiceSettings
        {
            Type = ServiceType.Oneshot,
            RemainsAfterExit = true,
            Start = [new("/bin/mount", ["/bin/mount", what ?? "none", where, .. options])],
            Stop = [new("/bin/umount", ["/bin/umount", where])],
            StartTimeout = timeout,
            StopTimeout = timeout,
        };
        return definition with
        {
            Description = definition.Description == definition.Name ? where : definition.Description,
            Mount = new(what ?? "none", where),
            Service = settings,
            Context = definition.Context with { StaysInGroup = true },
            Dependencies = OnTheWay(definition.Dependencies, where),
        };
    }

    /// <summary>What is mounted above a mount comes before it.</summary>
    public static UnitDependencies OnTheWay(UnitDependencies dependencies, string where) => dependencies with
    {
        MountsFor = [.. dependencies.MountsFor, .. UnitPathName.MountsOnTheWayTo(Path.GetDirectoryName(where) ?? "/")],
    };

    /// <summary>Where=, from which the unit has its name, and which it has from its name.</summary>
    public static string ReadWhere(UnitDefinition definition, UnitSection section, List<string> problems)
    {
        string stem = UnitName.WithoutSuffix(definition.Name);
        string where = section.Text("Where") ?? $"/{UnitName.Unescape(stem)}";
        if (UnitPathName.Escape(where) != stem)
        {
            problems.Add("Where= setting doesn't match unit name. Refusing.");
        }

        return where;
    }
}
