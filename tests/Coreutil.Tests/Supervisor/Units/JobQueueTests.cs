using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Units;
using Coreutil.Units;

namespace Coreutil.Tests.Supervisor.Units;

public sealed class JobQueueTests
{
    private readonly DependencyIndex _index = new();
    private readonly List<string> _begun = [];
    private readonly List<string> _journal = [];
    private readonly JobQueue _queue;

    public JobQueueTests() => _queue = new(_index, _ => { }, _ => { }, (unit, text, priority) => _journal.Add($"{priority} {text}"));

    [Fact]
    public void A_job_begins_when_what_it_is_ordered_behind_is_over()
    {
        var first = Unit("first", new());
        var second = Unit("second", new() { After = ["first"] });
        _queue.Add(second, JobKind.Start);
        _queue.Add(first, JobKind.Start);

        Settle();
        Assert.Equal(["first"], _begun);
        first.Become("active");
        Settle();
        Assert.Equal(["first", "second"], _begun);
    }

    // Before= is named by the other one: the queue finds it by the index only.
    [Fact]
    public async Task Before_of_the_other_holds_back_as_well()
    {
        var first = Unit("first", new() { Before = ["second"] });
        var second = Unit("second", new());
        var job = _queue.Add(second, JobKind.Start);
        _queue.Add(first, JobKind.Start);
        Settle();

        first.Become("failed");
        Settle();
        second.Become("active");
        Settle();

        Assert.Equal(["first", "second"], _begun);
        Assert.Equal(JobResult.Done, await job.Completion);
    }

    [Fact]
    public async Task Who_needs_a_failed_one_is_not_started()
    {
        var needed = Unit("needed", new());
        var needing = Unit("needing", new() { Requires = ["needed"], After = ["needed"] });
        var job = _queue.Add(needing, JobKind.Start);
        _queue.Add(needed, JobKind.Start);
        Settle();

        needed.Become("failed");
        Settle();

        Assert.Equal(["needed"], _begun);
        Assert.Equal(JobResult.Dependency, await job.Completion);
    }

    [Fact]
    public void Jobs_that_wait_for_each_other_are_carried_out_all_the_same()
    {
        var a = Unit("a", new() { After = ["b"] });
        var b = Unit("b", new() { After = ["a"] });
        _queue.Add(b, JobKind.Start);
        _queue.Add(a, JobKind.Start);

        Settle();
        a.Become("active");
        Settle();

        Assert.Equal(["a", "b"], _begun);
    }

    [Fact]
    public void What_waited_for_a_stop_that_was_replaced_goes_on()
    {
        var stopped = Unit("stopped", new(), "active");
        var waiting = Unit("waiting", new() { After = ["stopped"] });
        _queue.Add(stopped, JobKind.Stop);
        _queue.Add(waiting, JobKind.Start);
        Settle();
        Assert.Equal(["stop stopped"], _begun);

        stopped.Become("active");
        _queue.Add(stopped, JobKind.Start);
        Settle();

        Assert.Equal(["stop stopped", "waiting"], _begun);
    }

    [Fact]
    public void A_start_of_a_unit_on_its_way_down_waits_until_it_is_down()
    {
        var unit = Unit("unit", new(), "deactivating");
        _queue.Add(unit, JobKind.Start);
        Settle();
        Assert.Empty(_begun);

        unit.Become("inactive");
        Settle();

        Assert.Equal(["unit"], _begun);
    }

    // As systemd 252 logged it; the differential scenarios hold the rest.
    [Theory]
    [InlineData("a.service", "inactive", "start", "active", "6 Starting a.service...|6 Started a.service.")]
    [InlineData("a.service", "inactive", "start", "failed", "6 Starting a.service...|3 Failed to start a.service.")]
    [InlineData("a.service", "active", "stop", "inactive", "6 Stopping a.service...|6 Stopped a.service.")]
    [InlineData("a.service", "active", "restart", "inactive active", "6 Stopping a.service...|6 Stopped a.service.|6 Starting a.service...|6 Started a.service.")]
    [InlineData("a.mount", "inactive", "start", "active", "6 Mounting a.mount...|6 Mounted a.mount.")]
    [InlineData("a.mount", "active", "stop", "active", "6 Unmounting a.mount...|3 Failed unmounting a.mount.")]
    [InlineData("a.socket", "inactive", "start", "active", "6 Listening on a.socket.")]
    public void A_job_is_told_of_when_it_begins_and_when_it_is_over(string name, string state, string verb, string passed, string journal)
    {
        var unit = Unit(name, new(), state);
        _queue.Add(unit, Enum.Parse<JobKind>(verb, ignoreCase: true));
        Settle();
        foreach (string next in passed.Split(' '))
        {
            unit.Become(next);
            Settle();
        }

        Assert.Equal(journal, string.Join('|', _journal));
    }

    [Theory]
    [InlineData("active", JobKind.Start)]
    [InlineData("inactive", JobKind.Stop)]
    public void A_job_without_work_is_not_told_of(string state, JobKind kind)
    {
        _queue.Add(Unit("a.service", new(), state), kind);
        Settle();

        Assert.Empty(_journal);
    }

    [Fact]
    public void Who_needs_a_failed_one_is_told_of()
    {
        var needed = Unit("b.service", new());
        _queue.Add(Unit("a.service", new() { Requires = ["b.service"], After = ["b.service"] }), JobKind.Start);
        _queue.Add(needed, JobKind.Start);
        Settle();
        needed.Become("failed");
        Settle();

        Assert.Equal(
            ["6 Starting b.service...", "3 Failed to start b.service.", "4 Dependency failed for a.service.", "5 a.service: Job a.service/start failed with result 'dependency'."], _journal);
    }

    private ManualUnit Unit(string name, UnitDependencies dependencies, string state = "inactive")
    {
        _index.Set(name, dependencies);
        return new ManualUnit(new UnitDefinition { Name = name, Description = name, Dependencies = dependencies }, _begun, state) { Touched = _queue.NoteChange };
    }

    private void Settle()
    {
        while (_queue.TryEndAny() || _queue.TryBeginOne())
        {
        }
    }

    /// <summary>Notes what is asked of it, and is in the state that the test says.</summary>
    private sealed class ManualUnit(UnitDefinition definition, List<string> begun, string state) : SupervisedUnit(definition)
    {
        private string _state = state;

        public override UnitState State => new("loaded", _state, "");

        public override DateTimeOffset ChangedAt => default;

        protected override DateTimeOffset Now => DateTimeOffset.UnixEpoch;

        public void Become(string state)
        {
            _state = state;
            Touched(this);
        }

        public override void Stop(bool isRestart)
        {
            begun.Add($"stop {Name}");
            _state = "deactivating";
        }

        protected override void Activate()
        {
            begun.Add(Name);
            _state = "activating";
        }
    }
}
