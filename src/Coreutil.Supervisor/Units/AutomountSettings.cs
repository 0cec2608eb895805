using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

public sealed record AutomountSettings
{
    public required string Where { get; init; }

    /// <summary>More options of the autofs mount itself.</summary>
    public string? ExtraOptions { get; init; }

    public uint DirectoryMode { get; init; } = 0x1ED;

    /// <summary>Null: the file system stays.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>The mount unit of the same name.</summary>
    public required string Mount { get; init; }
}

/// <summary>[Automount] (systemd.automount(5)).</summary>
internal static class AutomountReader
{
    public static UnitDefinition Read(UnitDefinition definition, UnitSection section, List<string> problems)
    {
        string where = MountReader.ReadWhere(definition, section, problems);
        var automount = new AutomountSettings
        {
            Where = where,
            ExtraOptions = section.Text("ExtraOptions"),
            DirectoryMode = section.Mode("DirectoryMode") ?? 0x1ED,
            IdleTimeout = section.Span("TimeoutIdleSec", null, isZeroInfinite: true),
            Mount = $"{UnitName.WithoutSuffix(definition.Name)}.mount",
        };
        return definition with
        {
            Automount = automount,
            Dependencies = MountReader.OnTheWay(definition.Dependencies, where) with { Triggers = [automount.Mount], Before = definition.Dependencies.Before.Add(automount.Mount) },
        };
    }
}
