using System.Collections.Immutable;

namespace Coreutil.Supervisor.Machine;

/// <summary>The dependencies of one unit as its file, its drop-ins and the links to it state them.</summary>
public sealed record UnitDependencies
{
    public ImmutableArray<string> Requires { get; init; } = [];

    public ImmutableArray<string> Requisite { get; init; } = [];

    public ImmutableArray<string> Wants { get; init; } = [];

    public ImmutableArray<string> BindsTo { get; init; } = [];

    public ImmutableArray<string> PartOf { get; init; } = [];

    public ImmutableArray<string> Conflicts { get; init; } = [];

    public ImmutableArray<string> After { get; init; } = [];

    public ImmutableArray<string> Before { get; init; } = [];

    public ImmutableArray<string> OnFailure { get; init; } = [];

    public ImmutableArray<string> OnSuccess { get; init; } = [];

    public ImmutableArray<string> PropagatesReloadTo { get; init; } = [];

    public ImmutableArray<string> ReloadPropagatedFrom { get; init; } = [];

    public ImmutableArray<string> PropagatesStopTo { get; init; } = [];

    public ImmutableArray<string> StopPropagatedFrom { get; init; } = [];

    /// <summary>What a timer, path or socket starts: it keeps the other in memory, and nothing more.</summary>
    public ImmutableArray<string> Triggers { get; init; } = [];

    /// <summary>RequiresMountsFor=: the mount units on the way to the paths. Those that have no file are mounted by somebody else, or not at all.</summary>
    public ImmutableArray<string> MountsFor { get; init; } = [];

    /// <summary>A start of this one starts those; without them it cannot be.</summary>
    public IEnumerable<string> Needed => Requires.Concat(BindsTo);

    /// <summary>Whoever names <paramref name="other"/> in one of these stops when it is stopped.</summary>
    public bool FollowsStopOf(string other) => FollowsRestartOf(other) || StopPropagatedFrom.Contains(other);

    /// <summary>Whoever names <paramref name="other"/> in one of these is restarted with it.</summary>
    public bool FollowsRestartOf(string other) => Requires.Contains(other) || BindsTo.Contains(other) || PartOf.Contains(other) || Requisite.Contains(other);

    /// <summary>Whoever names <paramref name="other"/> in one of these is stopped when it left its active state without anybody asking.</summary>
    public bool FollowsEndOf(string other) => BindsTo.Contains(other) || StopPropagatedFrom.Contains(other);

    /// <summary>As long as this one is kept in memory, these are too.</summary>
    public IEnumerable<string> Referred => Needed.Concat(Requisite).Concat(Wants).Concat(PartOf).Concat(OnFailure).Concat(OnSuccess).Concat(Triggers)
        .Concat(PropagatesReloadTo).Concat(ReloadPropagatedFrom).Concat(PropagatesStopTo).Concat(StopPropagatedFrom);
}
