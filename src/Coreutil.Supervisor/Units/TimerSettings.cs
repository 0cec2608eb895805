using System.Collections.Frozen;
using System.Collections.Immutable;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>What a monotonic line of a timer counts from.</summary>
public enum TimerBase
{
    Active,
    Boot,
    Startup,
    UnitActive,
    UnitInactive,
}

public sealed record TimerSettings
{
    public required string Unit { get; init; }

    public ImmutableArray<(TimerBase Base, TimeSpan Delay)> Delays { get; init; } = [];

    public ImmutableArray<CalendarSpec> Calendar { get; init; } = [];

    public TimeSpan RandomizedDelay { get; init; }

    /// <summary>A run that was missed while the timer was off is made up for.</summary>
    public bool IsPersistent { get; init; }

    public bool RemainsAfterElapse { get; init; } = true;
}

/// <summary>[Timer] (systemd.timer(5)). AccuracySec= is not needed: nothing here is late on purpose.</summary>
internal static class TimerReader
{
    private const string Calendar = "OnCalendar";

    private static readonly FrozenDictionary<string, TimerBase> _bases = new Dictionary<string, TimerBase>
    {
        ["OnActiveSec"] = TimerBase.Active,
        ["OnBootSec"] = TimerBase.Boot,
        ["OnStartupSec"] = TimerBase.Startup,
        ["OnUnitActiveSec"] = TimerBase.UnitActive,
        ["OnUnitInactiveSec"] = TimerBase.UnitInactive,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenSet<string> _settings = FrozenSet.ToFrozenSet([.. _bases.Keys, Calendar]);

    public static UnitDefinition Read(UnitDefinition definition, UnitSection section, List<string> problems)
    {
        var moments = section.List(_settings).Select(moment => (moment.Setting, Value: section.Expand(moment.Value))).ToArray();
        var timer = new TimerSettings
        {
            Unit = section.Text("Unit") ?? $"{UnitName.WithoutSuffix(definition.Name)}.service",
            Delays =
            [
                .. moments.Where(moment => moment.Setting != Calendar)
                    .SelectMany(moment => TimeSpanText.TryParse(moment.Value, out var span) && span is { } delay ? ((TimerBase, TimeSpan)[])[(_bases[moment.Setting], delay)] : []),
            ],
            Calendar = [.. moments.Where(moment => moment.Setting == Calendar).Select(moment => CalendarSpec.TryParse(moment.Value)).OfType<CalendarSpec>()],
            RandomizedDelay = section.Span("RandomizedDelaySec", TimeSpan.Zero, isZeroInfinite: false) ?? TimeSpan.Zero,
            IsPersistent = section.Flag("Persistent", false),
            RemainsAfterElapse = section.Flag("RemainAfterElapse", true),
        };
        if (timer.Delays.IsEmpty && timer.Calendar.IsEmpty)
        {
            problems.Add("Timer unit lacks value setting. Refusing.");
        }

        return definition with { Timer = timer, Dependencies = definition.Dependencies with { Triggers = [timer.Unit], Before = definition.Dependencies.Before.Add(timer.Unit) } };
    }
}
