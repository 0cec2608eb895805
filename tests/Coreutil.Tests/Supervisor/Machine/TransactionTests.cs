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
    [InlineData(false, "Dependency failed: b is not active.")]
    [InlineData(true, "a:Start")]
    public void A_requisite_must_be_active_already(bool isActive, string jobs) => Assert.Equal(jobs, Start(("a", On("Requisite"), false), ("b", new(), isActive)));

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
    [InlineData("Wants", "b:Stop")]
    [InlineData("After", "b:Stop")]
    public void A_stop_takes_along(string dependency, string jobs)
    {
        var units = Table(("a", On(dependency), true), ("b", new(), true));

        Assert.Equal(jobs, Join(Transaction.PlanStop("b", units.GetValueOrDefault, units.Keys)));
    }

    [Fact]
    public void Only_a_bound_unit_follows_one_that_ends_by_itself()
    {
        var units = Table(("a", On("BindsTo"), true), ("c", On("Requires"), true), ("d", On("PartOf"), true), ("b", new(), false));

        Assert.Equal(["a"], Transaction.BoundTo("b", units.GetValueOrDefault, units.Keys));
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
        "Conflicts" => new() { Conflicts = ["b"] },
        "After" => new() { After = ["b"] },
        _ => throw new ArgumentOutOfRangeException(nameof(dependency)),
    };

    private static string Start(params (string Name, UnitDependencies Dependencies, bool IsActive)[] rows)
    {
        var units = Table(rows);
        return Transaction.PlanStart("a", units.GetValueOrDefault, units.Keys) switch
        {
            TransactionResult.Planned planned => Join(planned.Jobs),
            TransactionResult.Refused refused => refused.Reason,
            _ => throw new InvalidOperationException(),
        };
    }

    private static Dictionary<string, UnitNode> Table(params (string Name, UnitDependencies Dependencies, bool IsActive)[] rows) =>
        rows.ToDictionary(row => row.Name, row => new UnitNode(row.Dependencies, row.IsActive));

    private static string Join(IEnumerable<KeyValuePair<string, JobKind>> jobs) =>
        string.Join(' ', jobs.OrderBy(job => job.Key, StringComparer.Ordinal).Select(job => $"{job.Key}:{job.Value}"));
}
