using System.Collections.Immutable;
using Coreutil.Fleet.Engine;
using Coreutil.Fleet.Registry;

namespace Coreutil.Tests.Fleet;

// Whose units stay where they are while their machine does not answer.
public sealed class LateMachinesTests
{
    private static readonly TimeSpan _ttl = TimeSpan.FromSeconds(30);
    private static readonly HashSet<string> _none = [];

    [Fact]
    public void A_machine_that_is_seen_to_vanish_loses_its_units_at_once_as_with_the_original()
    {
        var late = new LateMachines(TimeSpan.Zero, _ttl, _ttl);
        late.Judge(Snapshot(["m1", "m2", "m3"]), 1, _none, Seconds(0));

        Assert.Empty(late.Judge(Snapshot(["m1", "m2"]), 1, _none, Seconds(60)));
    }

    [Fact]
    public void The_grace_holds_them_that_long()
    {
        var late = new LateMachines(TimeSpan.FromSeconds(20), _ttl, _ttl);
        late.Judge(Snapshot(["m1", "m2", "m3"]), 1, _none, Seconds(0));

        Assert.Equal(["m3"], late.Judge(Snapshot(["m1", "m2"]), 1, _none, Seconds(60)).Keys);
        Assert.Equal(["m3"], late.Judge(Snapshot(["m1", "m2"]), 1, _none, Seconds(79)).Keys);
        Assert.Empty(late.Judge(Snapshot(["m1", "m2"]), 1, _none, Seconds(80)));
    }

    // The end of an outage of the store: every object has expired, and each machine needs a moment to be there again.
    [Fact]
    public void What_is_away_when_the_registry_is_read_anew_gets_time_to_come_back()
    {
        var late = new LateMachines(TimeSpan.Zero, _ttl, _ttl);
        late.Judge(Snapshot(["m1", "m2", "m3"]), 1, _none, Seconds(0));

        Assert.Equal(["m3"], late.Judge(Snapshot(["m1", "m2"]), 2, _none, Seconds(500)).Keys);
        Assert.Equal(["m3"], late.Judge(Snapshot(["m1", "m2"]), 2, _none, Seconds(529)).Keys);
        Assert.Empty(late.Judge(Snapshot(["m1", "m2"]), 2, _none, Seconds(530)));
    }

    [Fact]
    public void More_than_half_that_vanish_together_keep_their_units_until_each_returns()
    {
        var late = new LateMachines(TimeSpan.Zero, _ttl, _ttl);
        late.Judge(Snapshot(["m1", "m2", "m3"]), 1, _none, Seconds(0));

        Assert.Equal(["m2", "m3"], late.Judge(Snapshot(["m1"]), 1, _none, Seconds(60)).Keys);
        Assert.Equal(["m2", "m3"], late.Judge(Snapshot(["m1"]), 1, _none, Seconds(6000)).Keys);
        Assert.Equal(["m3"], late.Judge(Snapshot(["m1", "m2"]), 1, _none, Seconds(6001)).Keys);
        Assert.Empty(late.Judge(Snapshot(["m1", "m2", "m3"]), 1, _none, Seconds(6002)));
    }

    [Fact]
    public void Machines_whose_objects_expire_one_after_the_other_vanish_together()
    {
        var late = new LateMachines(TimeSpan.Zero, _ttl, _ttl);
        late.Judge(Snapshot(["m1", "m2", "m3", "m4", "m5"]), 1, _none, Seconds(0));

        Assert.Empty(late.Judge(Snapshot(["m1", "m2", "m3", "m4"], "m1", "m2", "m3", "m4", "m5"), 1, _none, Seconds(60)));
        Assert.Empty(late.Judge(Snapshot(["m1", "m2", "m3"], "m1", "m2", "m3", "m4"), 1, _none, Seconds(65)));
        Assert.Equal(["m3"], late.Judge(Snapshot(["m1", "m2"], "m1", "m2", "m3"), 1, _none, Seconds(70)).Keys);
    }

    // Objects expire up to half a TTL apart; whoever vanished with the first has by then not been heard of for half of one.
    [Fact]
    public void The_first_of_them_waits_until_it_is_seen_whether_the_others_vanished_too()
    {
        var late = new LateMachines(TimeSpan.Zero, _ttl, _ttl);
        string[] all = ["m1", "m2", "m3", "m4", "m5"];
        late.Judge(Snapshot(all, all), 1, _none, Seconds(0));

        Assert.Equal(["m5"], late.Judge(Snapshot(["m1", "m2", "m3", "m4"], all), 1, new HashSet<string>(["m3", "m4"]), Seconds(60)).Keys);
        Assert.Equal(["m4", "m5"], late.Judge(Snapshot(["m1", "m2", "m3"], all), 1, new HashSet<string>(["m3"]), Seconds(65)).Keys);
        Assert.Equal(["m3", "m4", "m5"], late.Judge(Snapshot(["m1", "m2"], all), 1, _none, Seconds(70)).Keys);
        Assert.Equal(["m3", "m4", "m5"], late.Judge(Snapshot(["m1", "m2"], all), 1, _none, Seconds(7000)).Keys);
    }

    [Theory]
    [InlineData(60, new[] { "m3", "m4" }, true)] // with m5 that would be three of five
    [InlineData(60, new[] { "m4" }, false)] // a minority, whatever comes of it
    [InlineData(60, new string[0], false)] // all others were heard of
    [InlineData(89, new[] { "m3", "m4" }, true)]
    [InlineData(90, new[] { "m3", "m4" }, false)] // they live: their TTL is another one than this engine's
    public void A_single_machine_waits_only_while_it_might_be_one_of_most(double seconds, string[] due, bool isWaiting)
    {
        var late = new LateMachines(TimeSpan.Zero, _ttl, _ttl);
        string[] all = ["m1", "m2", "m3", "m4", "m5"];
        late.Judge(Snapshot(all, all), 1, _none, Seconds(0));
        late.Judge(Snapshot(["m1", "m2", "m3", "m4"], all), 1, new HashSet<string>(due), Seconds(60));

        Assert.Equal(isWaiting ? ["m5"] : [], late.Judge(Snapshot(["m1", "m2", "m3", "m4"], all), 1, new HashSet<string>(due), Seconds(seconds)).Keys);
    }

    [Fact]
    public void Machines_that_vanish_one_by_one_over_a_long_time_do_not()
    {
        var late = new LateMachines(TimeSpan.Zero, _ttl, _ttl);
        late.Judge(Snapshot(["m1", "m2", "m3", "m4"]), 1, _none, Seconds(0));

        Assert.Empty(late.Judge(Snapshot(["m1", "m2", "m3"], "m1", "m2", "m3", "m4"), 1, _none, Seconds(100)));
        Assert.Empty(late.Judge(Snapshot(["m1", "m2"], "m1", "m2", "m3"), 1, _none, Seconds(200)));
        Assert.Empty(late.Judge(Snapshot(["m1"], "m1", "m2"), 1, _none, Seconds(300)));
    }

    [Fact]
    public void Who_took_leave_or_was_forgotten_is_not_waited_for()
    {
        var late = new LateMachines(TimeSpan.FromSeconds(20), _ttl, _ttl);
        late.Judge(Snapshot(["m1", "m2", "m3"]), 1, _none, Seconds(0));
        Assert.Equal(["m2", "m3"], late.Judge(Snapshot(["m1"]), 1, _none, Seconds(60)).Keys);

        var forgotten = Snapshot(["m1"]) with
        {
            Absent = ImmutableSortedDictionary<string, AbsentMachine>.Empty.Add("m2", new(IsGone: true, HasNotes: true)),
        };
        Assert.Equal(["m3"], late.Judge(forgotten, 1, _none, Seconds(61)).Keys);
    }

    [Fact]
    public void A_late_machine_keeps_its_units_and_gets_no_new_ones()
    {
        var cluster = Fleets.Cluster([Fleets.Machine("m1")], Fleets.Job("a.service", "m9"), Fleets.Job("b.service")) with { Late = ["m9"] };

        Assert.Equal(["+b.service@m1"], Fleets.Decide(cluster));
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    /// <summary>A job on each of the machines named last, or on m1 to m3.</summary>
    private static RegistrySnapshot Snapshot(string[] alive, params string[] targets) => new()
    {
        Machines = alive.ToImmutableSortedDictionary(id => id, id => Fleets.Machine(id), StringComparer.Ordinal),
        Jobs = (targets.Length > 0 ? targets : ["m1", "m2", "m3"])
            .Select(id => Fleets.Job($"on-{id}.service", id))
            .ToImmutableSortedDictionary(job => job.Name, job => job, StringComparer.Ordinal),
    };
}
