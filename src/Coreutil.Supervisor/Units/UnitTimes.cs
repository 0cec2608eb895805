using System.Diagnostics;

namespace Coreutil.Supervisor.Units;

/// <summary>A moment by both clocks: the one that people set, and the one that only counts on.</summary>
/// <param name="Time">By the clock on the wall.</param>
/// <param name="Monotonic">Microseconds since the machine was booted.</param>
public readonly record struct Moment(DateTimeOffset Time, long Monotonic)
{
    public static Moment At(DateTimeOffset now) => new(now, Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000));
}

/// <summary>When a unit last entered and left its states (systemd's *Timestamp properties); null is never.</summary>
public sealed record UnitTimes
{
    /// <summary>The active state that it was in last.</summary>
    public string ActiveState { get; init; } = "inactive";

    public Moment? StateChange { get; init; }

    public Moment? InactiveExit { get; init; }

    public Moment? ActiveEnter { get; init; }

    public Moment? ActiveExit { get; init; }

    public Moment? InactiveEnter { get; init; }

    public Moment? Condition { get; init; }

    public Moment? Assert { get; init; }

    /// <summary>What <c>status</c> counts from: when it came to where it is.</summary>
    public Moment? Since => ActiveState switch
    {
        "active" or "reloading" => ActiveEnter,
        "inactive" or "failed" => InactiveEnter,
        "activating" => InactiveExit,
        _ => ActiveExit,
    };

    public UnitTimes Enter(string activeState, Moment now) => this with
    {
        ActiveState = activeState,
        StateChange = now,
        InactiveExit = IsDown(ActiveState) && !IsDown(activeState) ? now : InactiveExit,
        InactiveEnter = !IsDown(ActiveState) && IsDown(activeState) ? now : InactiveEnter,
        ActiveEnter = !IsUp(ActiveState) && IsUp(activeState) ? now : ActiveEnter,
        ActiveExit = IsUp(ActiveState) && !IsUp(activeState) ? now : ActiveExit,
    };

    private static bool IsDown(string activeState) => activeState is "inactive" or "failed";

    private static bool IsUp(string activeState) => activeState is "active" or "reloading";
}
