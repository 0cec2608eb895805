using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Supervisor.Machine;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>A unit's own file and those that add to it, as found on disk.</summary>
/// <param name="Path">The unit's file.</param>
/// <param name="Text">Its text.</param>
/// <param name="DropIns">Path and text of each file in a NAME.d directory, in order.</param>
/// <param name="Wants">Units linked into its .wants directories.</param>
/// <param name="Requires">Units linked into its .requires directories.</param>
public sealed record UnitSources(
    string Path, string Text, ImmutableArray<(string Path, string Text)> DropIns, ImmutableArray<string> Wants, ImmutableArray<string> Requires)
{
    /// <summary>Another one means that something of it has changed on disk.</summary>
    public int Fingerprint
    {
        get
        {
            var hash = default(HashCode);
            foreach (var (path, text) in DropIns.Prepend((Path, Text)))
            {
                hash.Add(path, StringComparer.Ordinal);
                hash.Add(text, StringComparer.Ordinal);
            }

            return hash.ToHashCode();
        }
    }
}

/// <summary>From unit files to what the supervisor runs. Settings that systemd knows and this supervisor does not are left alone, as systemd does.</summary>
/// <param name="specifiers">What the specifiers stand for.</param>
/// <param name="whyNoAutomounts">What keeps automount units from working on this host; null where nothing does.</param>
public sealed class UnitDefinitionLoader(SpecifierContext specifiers, string? whyNoAutomounts = null)
{
    private static readonly ImmutableArray<string> _conditions =
    [
        "PathExists", "PathExistsGlob", "PathIsDirectory", "PathIsSymbolicLink", "PathIsMountPoint", "PathIsReadWrite", "DirectoryNotEmpty", "FileNotEmpty",
        "FileIsExecutable", "Host", "User", "Group", "Architecture", "Virtualization", "KernelVersion", "KernelCommandLine", "ACPower", "FirstBoot", "Environment",
    ];

    private readonly SettingRules _rules = new(specifiers);

    /// <summary>Reads the files as the unit <paramref name="name"/>; an instance is read from its template's.</summary>
    public UnitDefinition Load(string name, UnitSources sources)
    {
        var definition = new UnitDefinition { Name = name, Path = sources.Path, Description = name, DropIns = [.. sources.DropIns.Select(file => file.Path)], Fingerprint = sources.Fingerprint };
        var problems = new List<string>();
        var file = new UnitFile(
        [
            .. sources.DropIns.Prepend((sources.Path, sources.Text)).SelectMany(source => UnitFileReader.Read(source.Item2).Options)
                .Select(placed => _rules.Sound(name, placed.Option, problems)).OfType<UnitOption>(),
        ]);
        var unit = new UnitSection(file, "Unit", name, specifiers);
        var own = Section(OwnSection(name));
        definition = definition with
        {
            Description = unit.Text("Description") ?? name,
            Documentation = unit.Words("Documentation"),
            Dependencies = ReadDependencies(unit, sources),
            MountPaths = unit.Words("RequiresMountsFor"),
            Conditions = ReadConditions(unit, "Condition"),
            Asserts = ReadConditions(unit, "Assert"),
            // Both belong into [Unit]; older files have them in [Service].
            StartLimitBurst = unit.Number("StartLimitBurst") ?? own.Number("StartLimitBurst") ?? definition.StartLimitBurst,
            StartLimitInterval = ReadInterval(unit) ?? ReadInterval(own) ?? definition.StartLimitInterval,
            RefusesManualStart = unit.Flag("RefuseManualStart", false),
            RefusesManualStop = unit.Flag("RefuseManualStop", false),
            IsStoppedWhenUnneeded = unit.Flag("StopWhenUnneeded", false),
        };
        definition = UnitName.Suffix(name) switch
        {
            "service" => ServiceReader.Read(definition, own, problems),
            "timer" => TimerReader.Read(definition, own, problems),
            "path" => PathReader.Read(definition, own, problems),
            "socket" => SocketReader.Read(definition, own, problems),
            "mount" => MountReader.Read(definition, own, problems),
            "automount" when whyNoAutomounts is null => AutomountReader.Read(definition, own, problems),
            "target" or "slice" => definition,
            var type => definition with { LoadState = "error", LoadError = $"{sources.Path}: {WhyNot(type)}" },
        };
        return problems.Count == 0
            ? definition
            : definition with { LoadState = "bad-setting", Problems = [.. problems], LoadError = $"{sources.Path}: {string.Join("; ", problems)}" };

        UnitSection Section(string section) => new(file, section, name, specifiers);
    }

    private string WhyNot(string type) => type switch
    {
        "automount" => $"{whyNoAutomounts}; a .mount unit that others name in RequiresMountsFor= is mounted before them",
        "swap" => "unitd swaps nothing; swapon(8) in a Type=oneshot service does",
        "device" => "a device unit has no file; unitd has one for each path below /dev and /sys",
        "scope" => "a scope unit has no file; programs make them over D-Bus, which unitd does not offer",
        _ => $"unitd knows no units of type {type}",
    };

    /// <summary>The section that a type's settings stand in: [Service] of a service.</summary>
    public static string OwnSection(string name)
    {
        string type = UnitName.Suffix(name);
        return string.Create(CultureInfo.InvariantCulture, $"{char.ToUpperInvariant(type[0])}{type[1..]}");
    }

    private static TimeSpan? ReadInterval(UnitSection section)
    {
        string? text = section.Raw("StartLimitIntervalSec") ?? section.Raw("StartLimitInterval");
        return TimeSpanText.TryParse(text ?? "", out var interval) ? interval ?? TimeSpan.MaxValue / 4 : null;
    }

    private static UnitDependencies ReadDependencies(UnitSection unit, UnitSources sources)
    {
        return new()
        {
            Requires = [.. Names("Requires"), .. sources.Requires],
            Requisite = Names("Requisite"),
            Wants = [.. Names("Wants"), .. sources.Wants],
            BindsTo = Names("BindsTo"),
            PartOf = Names("PartOf"),
            Conflicts = Names("Conflicts"),
            After = Names("After"),
            Before = Names("Before"),
            OnFailure = Names("OnFailure"),
            OnSuccess = Names("OnSuccess"),
            PropagatesReloadTo = Names("PropagatesReloadTo"),
            ReloadPropagatedFrom = Names("ReloadPropagatedFrom"),
            PropagatesStopTo = Names("PropagatesStopTo"),
            StopPropagatedFrom = Names("StopPropagatedFrom"),
            MountsFor = [.. unit.Words("RequiresMountsFor").SelectMany(UnitPathName.MountsOnTheWayTo).Distinct()],
        };

        // A template stands for its instance of the same name: that of this unit, or the one called like it.
        ImmutableArray<string> Names(string setting) => [.. unit.Words(setting).Select(name => UnitName.IsTemplate(name)
            ? $"{UnitName.Prefix(name)}@{(UnitName.IsInstance(unit.Unit) ? UnitName.Instance(unit.Unit) : UnitName.Prefix(unit.Unit))}.{UnitName.Suffix(name)}"
            : name)];
    }

    private static ImmutableArray<UnitCondition> ReadConditions(UnitSection unit, string prefix)
    {
        var conditions = ImmutableArray.CreateBuilder<UnitCondition>();
        foreach (string kind in _conditions)
        {
            foreach (string value in unit.List(prefix + kind))
            {
                var condition = UnitCondition.Parse(kind, value);
                conditions.Add(condition with { Argument = unit.Expand(condition.Argument) });
            }
        }

        return conditions.ToImmutable();
    }
}
