using Coreutil.Supervisor.Machine;

namespace Coreutil.Tests.Supervisor.Machine;

// systemd.unit(5); not yet replayed against a running systemd.
public sealed class TransactionTests
{
    [Theory]
    [InlineData("Requires", "a:Start b:Start")]
    [InlineData("BindsTo", "a:Start b:Start")]
    [InlineData("Wants", "a:Start b:Start")]
    [InlineData("PartOf", "a:Start")]
    [InlineData("After", "a:Start")]
    public void A_start_pulls_in(string dependency, string jobs) => Assert.Equal(jobs, Start(("a", On(dependency), false), ("b", new(), false)));

    [Theory]
    [InlineData("Requires", "Unit b not found.")]
    [InlineData("BindsTo", "Unit b not found.")]
    [InlineData("Wants", "a:Start")]
    [InlineData("PartOf", "a:Start")]
    public void A_missing_unit_refuses_where_it_is_required(string dependency, string jobs) => Assert.Equal(jobs, Start(("a", On(dependency), false)));

    [Theory]
    [InlineData(false, "a:Start b:VerifyActive")]
    [InlineData(true, "a:Start b:VerifyActive")]
    public void A_requisite_is_looked_at(bool isActive, string jobs) => Assert.Equal(jobs, Start(("a", On("Requisite"), false), ("b", new(), isActive)));

    [Fact]
    public void A_conflict_stops_the_other_in_both_directions()
    {
        Assert.Equal("a:Start b:Stop", Start(("a", On("Conflicts"), false), ("b", new(), true)));
        Assert.Equal("a:Start b:Stop", Start(("a", new(), false), ("b", new() { Conflicts = ["a"] }, true)));
    }

    [Theory]
    [InlineData("Requires", "a:Stop b:Stop")]
    [InlineData("BindsTo", "a:Stop b:Stop")]
    [InlineData("PartOf", "a:Stop b:Stop")]
    [InlineData("Requisite", "a:Stop b:Stop")]
    [InlineData("StopPropagatedFrom", "a:Stop b:Stop")]
    [InlineData("Wants", "b:Stop")]
    [InlineData("After", "b:Stop")]
    public void A_stop_takes_along(string dependency, string jobs)
    {
        var units = Table(("a", On(dependency), true), ("b", new(), true));

        Assert.Equal(jobs, Plan(units, "b", JobKind.Stop));
    }

    // A restart takes along the same units; who is down stays down.
    [Theory]
    [InlineData("Requires", true, "a:Restart b:Restart")]
    [InlineData("BindsTo", true, "a:Restart b:Restart")]
    [InlineData("PartOf", true, "a:Restart b:Restart")]
    [InlineData("PartOf", false, "b:Restart")]
    [InlineData("StopPropagatedFrom", true, "b:Restart")]
    [InlineData("Wants", true, "b:Restart")]
    public void A_restart_takes_along(string dependency, bool isActive, string jobs) =>
        Assert.Equal(jobs, Plan(Table(("a", On(dependency), isActive), ("b", new(), true)), "b", JobKind.Restart));

    [Fact]
    public void A_reload_is_passed_on() =>
        Assert.Equal("a:Reload b:Reload", Plan(Table(("a", On("Reload"), true), ("b", new(), true)), "a", JobKind.Reload));

    [Fact]
    public void A_reload_is_heard() =>
        Assert.Equal("a:Reload b:Reload", Plan(Table(("a", new() { ReloadPropagatedFrom = ["b"] }, true), ("b", new(), true)), "b", JobKind.Reload));

    [Fact]
    public void What_needs_and_excludes_the_same_unit_is_refused() => Assert.Equal(
        "Transaction contains conflicting jobs 'start' and 'stop' for a. Probably contradicting requirement dependencies configured.",
        Start(("a", new() { Requires = ["b"], Conflicts = ["b"] }, false), ("b", new(), true)));

    [Fact]
    public void Only_a_bound_or_a_told_unit_follows_one_that_ends_by_itself()
    {
        var units = Table(("a", On("BindsTo"), true), ("c", On("Requires"), true), ("d", On("PartOf"), true), ("e", On("StopPropagatedFrom"), true), ("f", new(), true), ("b", new() { PropagatesStopTo = ["f"] }, false));

        Assert.Equal(["a"], Transaction.BoundTo("b", units.GetValueOrDefault, IndexOf(units)));
        Assert.Equal(["a", "e", "f"], Transaction.FollowingTheEndOf("b", units.GetValueOrDefault, IndexOf(units)));
    }

    // a is After=b: b starts first, a stops first; a stop comes before a start whichever way the order is.
    [Theory]
    [InlineData(JobKind.Start, JobKind.Start, true, false)]
    [InlineData(JobKind.Stop, JobKind.Stop, false, true)]
    [InlineData(JobKind.Start, JobKind.Stop, true, false)]
    [InlineData(JobKind.Stop, JobKind.Start, false, true)]
    public void Jobs_wait_by_their_order(JobKind jobOfA, JobKind jobOfB, bool aWaits, bool bWaits)
    {
        Assert.Equal(aWaits, Transaction.Waits("a", On("After"), jobOfA, "b", new(), jobOfB));
        Assert.Equal(bWaits, Transaction.Waits("b", new(), jobOfB, "a", On("After"), jobOfA));
    }

    private static UnitDependencies On(string dependency) => dependency switch
    {
        "Requires" => new() { Requires = ["b"] },
        "Requisite" => new() { Requisite = ["b"] },
        "Wants" => new() { Wants = ["b"] },
        "BindsTo" => new() { BindsTo = ["b"] },
        "PartOf" => new() { PartOf = ["b"] },
        "StopPropagatedFrom" => new() { StopPropagatedFrom = ["b"] },
        "Conflicts" => new() { Conflicts = ["b"] },
        "Reload" => new() { PropagatesReloadTo = ["b"] },
        "After" => new() { After = ["b"] },
        _ => throw new ArgumentOutOfRangeException(nameof(dependency)),
    };

    private static string Start(params (string Name, UnitDependencies Dependencies, bool IsActive)[] rows)
    {
        return Plan(Table(rows), "a", JobKind.Start);
    }

    private static DependencyIndex IndexOf(Dictionary<string, UnitNode> units)
    {
        var index = new DependencyIndex();
        foreach (var (name, unit) in units)
        {
            index.Set(name, unit.Dependencies);
        }

        return index;
    }

    private static string Plan(Dictionary<string, UnitNode> units, string name, JobKind kind) => new Transaction(units.GetValueOrDefault, IndexOf(units)).Plan(name, kind) switch
    {
        TransactionResult.Planned planned => Join(planned.Jobs),
        TransactionResult.Refused refused => refused.Reason,
        _ => throw new InvalidOperationException(),
    };

    private static Dictionary<string, UnitNode> Table(params (string Name, UnitDependencies Dependencies, bool IsActive)[] rows) =>
        rows.ToDictionary(row => row.Name, row => new UnitNode(row.Dependencies, row.IsActive, !row.IsActive));

    private static string Join(IEnumerable<KeyValuePair<string, JobKind>> jobs) =>
        string.Join(' ', jobs.OrderBy(job => job.Key, StringComparer.Ordinal).Select(job => $"{job.Key}:{job.Value}"));
}
