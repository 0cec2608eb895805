using Coreutil.Fleet.Engine;
using Coreutil.Fleet.Jobs;
using static Coreutil.Tests.Fleet.Fleets;

namespace Coreutil.Tests.Fleet;

// The decision table of fleet's engine (reference: fleet §d).
public sealed class ScheduleTests
{
    [Theory]
    [InlineData(TargetState.Inactive, "m1", "-a.service@m1")] // no longer wanted
    [InlineData(TargetState.Loaded, "m1", "")]                // may stay
    [InlineData(TargetState.Launched, "m1", "")]
    [InlineData(TargetState.Launched, "m9", "-a.service@m9 +a.service@m1")] // its machine went away
    [InlineData(TargetState.Inactive, null, "")]              // wanted by nobody
    [InlineData(TargetState.Loaded, null, "+a.service@m1")]
    public void A_job_is_where_its_target_state_wants_it(TargetState target, string? on, string decisions)
    {
        Assert.Equal(decisions, string.Join(' ', Decide(Cluster([Machine("m1")], Job("a.service", on, target)))));
    }

    [Theory]
    [InlineData("MachineID=m2", "-a.service@m1 +a.service@m2")]
    [InlineData("MachineID=m9", "-a.service@m1 ?a.service")]
    [InlineData("MachineMetadata=disk=ssd", "-a.service@m1 +a.service@m2")]
    [InlineData("MachineMetadata=disk=tape", "-a.service@m1 ?a.service")]
    [InlineData("MachineOf=b.service", "-a.service@m1 +a.service@m2")]
    [InlineData("Conflicts=c.service", "-a.service@m1 +a.service@m2")]
    [InlineData("Conflicts=x.service", "")]
    public void A_job_leaves_a_machine_it_may_not_be_on(string demand, string decisions)
    {
        var cluster = Cluster(
            [Machine("m1", "disk=hdd"), Machine("m2", "disk=ssd")],
            Job("a.service", "m1", demands: [demand], created: 9), Job("b.service", "m2"), Job("c.service", "m1"));

        Assert.Equal(decisions, string.Join(' ', Decide(cluster)));
    }

    [Fact]
    public void The_least_loaded_machine_is_chosen_then_the_lowest_ID()
    {
        var cluster = Cluster([Machine("m1"), Machine("m2"), Machine("m3")], Job("a.service", "m1"), Job("b.service"), Job("c.service"), Job("d.service"));

        Assert.Equal(["+b.service@m2", "+c.service@m3", "+d.service@m1"], Decide(cluster));
    }

    [Fact]
    public void A_follower_that_comes_first_by_name_still_finds_its_peer_in_the_same_pass()
    {
        // The original examines jobs in random order and lets the follower wait for the next tick.
        var cluster = Cluster([Machine("m1"), Machine("m2")], Job("a.service", demands: ["MachineOf=z.service"]), Job("z.service"));

        Assert.Equal(["+z.service@m1", "+a.service@m1"], Decide(cluster));
    }

    [Fact]
    public void A_follower_leaves_with_its_peer()
    {
        var cluster = Cluster([Machine("m2")], Job("a.service", "m2", demands: ["MachineOf=z.service"]), Job("z.service", "m1"));

        Assert.Equal(["-a.service@m2", "-z.service@m1", "+z.service@m2", "+a.service@m2"], Decide(cluster));
    }

    [Theory]
    [InlineData(1, 2, "-b.service@m1")]
    [InlineData(2, 1, "-a.service@m1")]
    [InlineData(5, 5, "-b.service@m1")]
    public void Of_two_that_conflict_the_later_one_leaves(ulong first, ulong second, string evicted)
    {
        var cluster = Cluster([Machine("m1")], Job("a.service", "m1", demands: ["Conflicts=b.*"], created: first), Job("b.service", "m1", created: second));

        Assert.Equal(evicted, Decide(cluster)[0]);
    }

    [Fact]
    public void Instances_that_conflict_with_each_other_spread_and_the_rest_waits_with_a_reason()
    {
        string[] demands = ["X-Conflicts=app@*.service"];
        var cluster = Cluster(
            [Machine("m1"), Machine("m2")], Job("app@1.service", demands: demands), Job("app@2.service", demands: demands), Job("app@3.service", demands: demands));

        Assert.Equal(["+app@1.service@m1", "+app@2.service@m2", "?app@3.service"], Decide(cluster));
        Assert.Equal(
            "m1: found conflict with locally-scheduled Unit(app@1.service); m2: found conflict with locally-scheduled Unit(app@2.service)",
            Schedule.Decide(cluster)[^1].Reason);
    }

    [Fact]
    public void A_replaced_unit_goes_to_another_machine()
    {
        var cluster = Cluster([Machine("m1"), Machine("m2")], Job("new.service", "m1", demands: ["Replaces=old.service"]), Job("old.service", "m1"));

        Assert.Equal(["-old.service@m1", "+old.service@m2"], Decide(cluster));
    }

    // fleet's documentation does not allow it, and its engine schedules both where the second is quicker than the look at the first.
    [Fact]
    public void Of_two_that_replace_each_other_one_is_scheduled()
    {
        var cluster = Cluster(
            [Machine("m1"), Machine("m2")], Job("a.service", "m1", demands: ["Replaces=b.service"]), Job("b.service", demands: ["Replaces=a.service"]));

        Assert.Equal(["?b.service"], Decide(cluster));
        Assert.Equal("it and Unit(a.service), which is scheduled, replace each other: only one of them can be", Schedule.Decide(cluster)[0].Reason);
    }

    [Fact]
    public void Global_units_count_as_load_and_are_never_placed()
    {
        var cluster = Cluster(
            [Machine("m1", "role=web"), Machine("m2")], Job("a.service"), Job("g.service", demands: ["Global=true", "MachineMetadata=role=web"]));

        Assert.Equal(["+a.service@m2"], Decide(cluster));
    }

    [Fact]
    public void Without_machines_everything_waits()
    {
        Assert.Equal("no machine is registered", Schedule.Decide(Cluster([], Job("a.service")))[0].Reason);
    }
}
