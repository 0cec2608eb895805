using System.Collections.Immutable;

namespace Coreutil.Supervisor.Machine;

public enum JobKind
{
    Start,

    /// <summary>Starts nothing: is done when the unit is active, and failed when it is not (Requisite=).</summary>
    VerifyActive,
    Stop,
    Reload,

    /// <summary>A stop, and when the unit is down a start.</summary>
    Restart,
}

/// <summary>What a transaction may know of a unit.</summary>
/// <param name="Dependencies">As its file states them.</param>
/// <param name="IsActive">It is active now.</param>
/// <param name="IsIdle">It is down: inactive or failed.</param>
/// <param name="LoadRefusal">Why it cannot be started whatever its state, in systemd's words; null when it can.</param>
/// <param name="IsLeaving">It is on its way down.</param>
public sealed record UnitNode(UnitDependencies Dependencies, bool IsActive, bool IsIdle = false, string? LoadRefusal = null, bool IsLeaving = false);

/// <summary>The jobs of one request, or why there are none.</summary>
public abstract record TransactionResult
{
    private TransactionResult()
    {
    }

    public sealed record Planned(ImmutableDictionary<string, JobKind> Jobs) : TransactionResult;

    /// <summary>In systemd's words: <c>Unit b.service not found.</c></summary>
    public sealed record Refused(string Reason, bool IsNotFound = false) : TransactionResult;
}

/// <summary>From one request to all the jobs it pulls in (systemd.unit(5); the dependency table of the reference).</summary>
/// <param name="find">Gives null for a unit that has no file.</param>
/// <param name="index">Tells which of the units in memory name a unit.</param>
public sealed class Transaction(Func<string, UnitNode?> find, DependencyIndex index)
{
    private readonly ImmutableDictionary<string, JobKind>.Builder _jobs = ImmutableDictionary.CreateBuilder<string, JobKind>(StringComparer.Ordinal);

    /// <summary>
    /// A start pulls in what the unit requires and wants and stops what it conflicts with; a stop or restart takes along who depends on the unit. A
    /// required unit that cannot be loaded refuses the whole; a wanted one is left out. Jobs for units that are already where they shall go are dropped.
    /// </summary>
    public TransactionResult Plan(string name, JobKind kind)
    {
        if (Add(name, kind) is { } refusal)
        {
            return refusal;
        }

        foreach (var (unit, job) in _jobs.ToArray())
        {
            bool isThere = find(unit) is { } node && ((job is JobKind.Start && node.IsActive) || (job == JobKind.Stop && node.IsIdle));
            if (isThere && unit != name)
            {
                _jobs.Remove(unit);
            }
        }

        return new TransactionResult.Planned(_jobs.ToImmutable());
    }

    /// <summary>Whether <paramref name="job"/> of <paramref name="unit"/> has to wait for <paramref name="otherJob"/> of <paramref name="other"/>.</summary>
    public static bool Waits(string unit, UnitDependencies dependencies, JobKind job, string other, UnitDependencies otherDependencies, JobKind otherJob)
    {
        bool isAfter = dependencies.After.Contains(other) || otherDependencies.Before.Contains(unit);
        bool isBefore = dependencies.Before.Contains(other) || otherDependencies.After.Contains(unit);

        // Stops come before starts, and among stops the order is turned round. A restart is a stop as long as it is one.
        bool isStop = job is JobKind.Stop or JobKind.Restart;
        bool isOtherStop = otherJob is JobKind.Stop or JobKind.Restart;
        return (isStop, isOtherStop) switch
        {
            (false, true) => isAfter || isBefore,
            (true, false) => false,
            (false, false) => isAfter,
            (true, true) => isBefore,
        };
    }

    /// <summary>Units that cannot be up without <paramref name="name"/> (BindsTo=).</summary>
    public static IEnumerable<string> BoundTo(string name, Func<string, UnitNode?> find, DependencyIndex index) =>
        index.ReferringTo(name).ToArray().Where(unit => find(unit) is { IsActive: true } node && node.Dependencies.BindsTo.Contains(name));

    /// <summary>Units that are stopped because <paramref name="name"/> left its active state without anybody asking.</summary>
    public static IEnumerable<string> FollowingTheEndOf(string name, Func<string, UnitNode?> find, DependencyIndex index)
    {
        var told = find(name)?.Dependencies.PropagatesStopTo ?? [];
        return index.ReferringTo(name).ToArray().Union(told)
            .Where(unit => find(unit) is { IsIdle: false, IsLeaving: false } node && (node.Dependencies.FollowsEndOf(name) || told.Contains(unit)));
    }

    /// <summary>Active units that reload when <paramref name="name"/> does.</summary>
    public static IEnumerable<string> ReloadingWith(string name, Func<string, UnitNode?> find, DependencyIndex index)
    {
        var told = find(name)?.Dependencies.PropagatesReloadTo ?? [];

        // Looking at a unit may load another one, which changes the index.
        return index.ReferringTo(name).ToArray().Union(told)
            .Where(other => find(other) is { IsActive: true, LoadRefusal: null } node && (told.Contains(other) || node.Dependencies.ReloadPropagatedFrom.Contains(name)));
    }

    private TransactionResult.Refused? Add(string unit, JobKind kind)
    {
        var node = find(unit);
        if (kind != JobKind.Stop && node is null)
        {
            return new($"Unit {unit} not found.", IsNotFound: true);
        }

        if (kind != JobKind.Stop && node!.LoadRefusal is { } refusal)
        {
            return new(refusal);
        }

        if (_jobs.TryGetValue(unit, out var present))
        {
            if (present == kind || (present == JobKind.Restart && kind != JobKind.Stop) || (present == JobKind.Start && kind is JobKind.VerifyActive or JobKind.Reload))
            {
                return null;
            }

            if (present == JobKind.Stop || kind == JobKind.Stop)
            {
                return new($"Transaction contains conflicting jobs '{NameOf(present)}' and '{NameOf(kind)}' for {unit}. Probably contradicting requirement dependencies configured.");
            }
        }

        _jobs[unit] = kind;
        if (kind is JobKind.Start or JobKind.Restart && AddNeeded(unit, node!.Dependencies) is { } failure)
        {
            return failure;
        }

        if (kind == JobKind.Reload)
        {
            foreach (string other in ReloadingWith(unit, find, index).ToArray())
            {
                Add(other, JobKind.Reload);
            }
        }

        return kind is JobKind.Stop or JobKind.Restart ? AddFollowers(unit, kind) : null;
    }

    private TransactionResult.Refused? AddNeeded(string unit, UnitDependencies dependencies)
    {
        foreach (var (other, kind) in dependencies.Needed.Select(other => (other, JobKind.Start)).Concat(dependencies.Requisite.Select(other => (other, JobKind.VerifyActive))))
        {
            if (Add(other, kind) is { } refusal)
            {
                return refusal;
            }
        }

        foreach (string wanted in dependencies.Wants)
        {
            // A wanted unit that cannot come along stays away without a word, and so does all that it pulled in.
            var before = _jobs.ToImmutable();
            if (Add(wanted, JobKind.Start) is not null)
            {
                _jobs.Clear();
                _jobs.AddRange(before);
            }
        }

        string[] rivals = [.. dependencies.Conflicts.Concat(index.RivalsOf(unit).Where(other => other != unit))];
        return rivals.Distinct().Where(rival => find(rival) is not null).Select(rival => Add(rival, JobKind.Stop)).FirstOrDefault(refusal => refusal is not null);
    }

    private TransactionResult.Refused? AddFollowers(string unit, JobKind kind)
    {
        string[] told = kind == JobKind.Stop && find(unit) is { } stopped ? [.. stopped.Dependencies.PropagatesStopTo] : [];
        foreach (string follower in index.ReferringTo(unit).ToArray().Union(told))
        {
            // Who is down is not restarted, and has nothing to stop.
            bool isFollowing = find(follower) is { IsIdle: false } node && !(node.IsLeaving && kind == JobKind.Restart)
                && (told.Contains(follower) || (kind == JobKind.Stop ? node.Dependencies.FollowsStopOf(unit) : node.Dependencies.FollowsRestartOf(unit)));
            if (isFollowing && Add(follower, kind) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    public static string NameOf(JobKind kind) => kind switch
    {
        JobKind.Start => "start",
        JobKind.VerifyActive => "verify-active",
        JobKind.Stop => "stop",
        JobKind.Reload => "reload",
        _ => "restart",
    };
}
