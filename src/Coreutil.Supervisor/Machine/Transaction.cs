using System.Collections.Immutable;

namespace Coreutil.Supervisor.Machine;

public enum JobKind
{
    Start,
    Stop,
}

/// <summary>The dependencies of one unit as its file states them.</summary>
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
}

/// <summary>What a transaction may know of a unit.</summary>
/// <param name="Dependencies">As its file states them.</param>
/// <param name="IsActive">It is active now.</param>
public sealed record UnitNode(UnitDependencies Dependencies, bool IsActive);

/// <summary>The jobs of one request, or why there are none.</summary>
public abstract record TransactionResult
{
    private TransactionResult()
    {
    }

    public sealed record Planned(ImmutableDictionary<string, JobKind> Jobs) : TransactionResult;

    /// <summary>In systemd's words: <c>Unit b.service not found.</c></summary>
    public sealed record Refused(string Reason) : TransactionResult;
}

/// <summary>From one request to all the jobs it pulls in (systemd.unit(5); the dependency table of the reference).</summary>
public static class Transaction
{
    /// <summary>
    /// Start of <paramref name="name"/>: what it requires and wants starts too, what it conflicts with stops, and with what stops goes all that needs it.
    /// A missing required unit refuses the whole; a missing wanted one is left out. <paramref name="find"/> gives null for a unit that cannot be loaded.
    /// </summary>
    public static TransactionResult PlanStart(string name, Func<string, UnitNode?> find, IEnumerable<string> loaded)
    {
        var jobs = ImmutableDictionary.CreateBuilder<string, JobKind>(StringComparer.Ordinal);
        string[] all = [.. loaded];
        return Pull(name) is { } refusal ? new TransactionResult.Refused(refusal) : new TransactionResult.Planned(jobs.ToImmutable());

        string? Pull(string unit)
        {
            if (jobs.ContainsKey(unit))
            {
                return null;
            }

            if (find(unit) is not { } node)
            {
                return $"Unit {unit} not found.";
            }

            jobs[unit] = JobKind.Start;
            foreach (string required in node.Dependencies.Requires.Concat(node.Dependencies.BindsTo))
            {
                if (Pull(required) is { } refusal)
                {
                    return refusal;
                }
            }

            foreach (string requisite in node.Dependencies.Requisite)
            {
                if (find(requisite) is not { IsActive: true })
                {
                    return $"Dependency failed: {requisite} is not active.";
                }
            }

            foreach (string wanted in node.Dependencies.Wants.Where(wanted => find(wanted) is not null))
            {
                // A wanted unit that cannot come along stays away without a word.
                var before = jobs.ToImmutable();
                if (Pull(wanted) is not null)
                {
                    jobs.Clear();
                    jobs.AddRange(before);
                }
            }

            foreach (string rival in Rivals(unit, node.Dependencies, find, all))
            {
                AddStops(rival, find, all, jobs);
            }

            return null;
        }
    }

    /// <summary>Stop of <paramref name="name"/>: all that requires it, is bound to it or part of it stops too.</summary>
    public static ImmutableDictionary<string, JobKind> PlanStop(string name, Func<string, UnitNode?> find, IEnumerable<string> loaded)
    {
        var jobs = ImmutableDictionary.CreateBuilder<string, JobKind>(StringComparer.Ordinal);
        AddStops(name, find, [.. loaded], jobs);
        return jobs.ToImmutable();
    }

    /// <summary>Whether <paramref name="job"/> of <paramref name="unit"/> has to wait for <paramref name="otherJob"/> of <paramref name="other"/>.</summary>
    public static bool Waits(string unit, UnitDependencies dependencies, JobKind job, string other, UnitDependencies otherDependencies, JobKind otherJob)
    {
        bool isAfter = dependencies.After.Contains(other) || otherDependencies.Before.Contains(unit);
        bool isBefore = dependencies.Before.Contains(other) || otherDependencies.After.Contains(unit);

        // Stops come before starts, and among stops the order is turned round.
        return (job, otherJob) switch
        {
            (JobKind.Start, JobKind.Stop) => isAfter || isBefore,
            (JobKind.Stop, JobKind.Start) => false,
            (JobKind.Start, JobKind.Start) => isAfter,
            _ => isBefore,
        };
    }

    /// <summary>Units that are stopped because <paramref name="name"/> left its active state without anybody asking (BindsTo=).</summary>
    public static IEnumerable<string> BoundTo(string name, Func<string, UnitNode?> find, IEnumerable<string> loaded) =>
        loaded.Where(unit => find(unit) is { IsActive: true } node && node.Dependencies.BindsTo.Contains(name));

    private static IEnumerable<string> Rivals(string unit, UnitDependencies dependencies, Func<string, UnitNode?> find, IEnumerable<string> loaded) =>
        dependencies.Conflicts.Concat(loaded.Where(other => other != unit && find(other)?.Dependencies.Conflicts.Contains(unit) == true)).Distinct()
            .Where(rival => find(rival) is { IsActive: true });

    private static void AddStops(string name, Func<string, UnitNode?> find, string[] loaded, ImmutableDictionary<string, JobKind>.Builder jobs)
    {
        if (!jobs.TryAdd(name, JobKind.Stop))
        {
            return;
        }

        foreach (string dependent in loaded)
        {
            if (find(dependent)?.Dependencies is { } dependencies
                && (dependencies.Requires.Contains(name) || dependencies.BindsTo.Contains(name)
                    || dependencies.PartOf.Contains(name) || dependencies.Requisite.Contains(name)))
            {
                AddStops(dependent, find, loaded, jobs);
            }
        }
    }
}
