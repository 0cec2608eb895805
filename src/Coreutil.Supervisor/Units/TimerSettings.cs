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
    private static readonly (string Setting, TimerBase Base)[] _delays =
    [
        ("OnActiveSec", TimerBase.Active), ("OnBootSec", TimerBase.Boot), ("OnStartupSec", TimerBase.Startup),
        ("OnUnitActiveSec", TimerBase.UnitActive), ("OnUnitInactiveSec", TimerBase.UnitInactive),
    ];

    public static UnitDefinition Read(UnitDefinition definition, UnitSection section, List<string> problems)
    {
        var timer = new TimerSettings
        {
            Unit = section.Text("Unit") ?? $"{UnitName.WithoutSuffix(definition.Name)}.service",
            Delays =
            [
                .. _delays.SelectMany(delay => section.List(delay.Setting)
                    .Select(value => TimeSpanText.TryParse(value, out var span) ? span : null).OfType<TimeSpan>().Select(span => (delay.Base, span))),
            ],
            Calendar = [.. section.List("OnCalendar").Select(value => CalendarSpec.TryParse(section.Expand(value))).OfType<CalendarSpec>()],
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
