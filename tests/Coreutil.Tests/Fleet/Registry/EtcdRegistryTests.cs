using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Registry;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coreutil.Tests.Fleet.Registry;

// The keys and their values (reference: fleet §b), and reading back what was written.
public sealed class EtcdRegistryTests : IAsyncLifetime
{
    private static readonly StoredUnit _unit = new("1fa41b061074d257bdf3919173a792fc879013f5", "[Service]\nExecStart=/bin/false\n");
    private static readonly TimeSpan _ttl = TimeSpan.FromSeconds(30);
    private readonly FakeKeys _keys = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly EtcdRegistry _registry;
    private readonly RegistryMirror _mirror;
    private Task _mirroring = Task.CompletedTask;

    public EtcdRegistryTests()
    {
        var layout = new RegistryKeys("/_coreos.com/fleet/");
        _mirror = new(_keys, layout, TimeProvider.System, NullLogger.Instance);
        _registry = new(_keys, layout, _mirror);
    }

    public async ValueTask InitializeAsync()
    {
        _mirroring = _mirror.RunAsync(_stop.Token);
        Assert.True(await _mirror.WaitUntilLiveAsync(TimeSpan.FromMinutes(1), CancellationToken.None));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _mirroring);
    }

    [Fact]
    public async Task A_job_is_kept_as_the_original_keeps_it()
    {
        await _registry.CreateJobAsync("a.service", _unit, TargetState.Loaded, CancellationToken.None);

        Assert.Equal("""{"Raw":"[Service]\nExecStart=/bin/false\n"}""", _keys["/_coreos.com/fleet/unit/1fa41b061074d257bdf3919173a792fc879013f5"]);
        Assert.Equal(
            """{"Name":"a.service","UnitHash":[31,164,27,6,16,116,210,87,189,243,145,145,115,167,146,252,135,144,19,245]}""",
            _keys["/_coreos.com/fleet/job/a.service/object"]);
        Assert.Equal("loaded", _keys["/_coreos.com/fleet/job/a.service/target-state"]);
    }

    [Fact]
    public async Task A_machine_and_a_state_are_kept_as_the_original_keeps_them()
    {
        await _registry.RegisterMachineAsync(Fleets.Machine("m1", "disk=ssd") with { PublicIp = "10.0.0.1", Version = "1.0.0" }, _ttl, CancellationToken.None);
        await _registry.PublishStateAsync(new("a.service", "m1", new("loaded", "active", "running"), _unit.Hash), _ttl, isLegacy: true, CancellationToken.None);

        Assert.Equal(
            """{"ID":"m1","PublicIP":"10.0.0.1","Metadata":{"disk":"ssd"},"Capabilities":{"DISABLE_ENGINE":false,"GRPC":false},"Version":"1.0.0"}""",
            _keys["/_coreos.com/fleet/machines/m1/object"]);
        const string State = """{"loadState":"loaded","activeState":"active","subState":"running","machineState":{"ID":"m1","PublicIP":"","Metadata":null,"Capabilities":null,"Version":""},"unitHash":"1fa41b061074d257bdf3919173a792fc879013f5"}""";
        Assert.Equal(State, _keys["/_coreos.com/fleet/states/a.service/m1"]);
        Assert.Equal(State, _keys["/_coreos.com/fleet/state/a.service"]);
    }

    [Fact]
    public async Task What_was_written_is_read_at_once_and_the_current_state_follows_from_it()
    {
        await _registry.CreateJobAsync("a.service", _unit, TargetState.Launched, CancellationToken.None);
        Assert.Equal(TargetState.Inactive, CurrentState());

        await _registry.ScheduleAsync("a.service", "m1", CancellationToken.None);
        await _registry.PublishStateAsync(new("a.service", "m1", new("loaded", "inactive", "dead"), _unit.Hash), _ttl, isLegacy: false, CancellationToken.None);
        await _registry.SetTargetStateAsync("a.service", TargetState.Launched, CancellationToken.None);
        Assert.Equal(TargetState.Loaded, CurrentState());

        await _registry.BeatLaunchedAsync("a.service", "m1", _ttl, CancellationToken.None);
        await _registry.SetTargetStateAsync("a.service", TargetState.Launched, CancellationToken.None);
        Assert.Equal(TargetState.Launched, CurrentState());

        Assert.True(await _registry.DestroyJobAsync("a.service", CancellationToken.None));
        Assert.Empty(_registry.Snapshot.Jobs);
        Assert.False(await _registry.DestroyJobAsync("a.service", CancellationToken.None));
    }

    // A unit that moved: the machine it left is late, and must not take back what the new one said.
    [Fact]
    public async Task Nobody_takes_back_another_machines_word_that_a_unit_is_launched()
    {
        await _registry.BeatLaunchedAsync("a.service", "m2", _ttl, CancellationToken.None);
        await _registry.ClearLaunchedAsync("a.service", "m1", CancellationToken.None);
        Assert.Equal("m2", _keys["/_coreos.com/fleet/job/a.service/job-state"]);

        await _registry.ClearLaunchedAsync("a.service", "m2", CancellationToken.None);
        Assert.Null(_keys["/_coreos.com/fleet/job/a.service/job-state"]);
        await _registry.ClearLaunchedAsync("a.service", "m2", CancellationToken.None);
    }

    [Fact]
    public async Task A_heartbeat_with_nothing_new_wakes_nobody()
    {
        await _registry.CreateJobAsync("a.service", _unit, TargetState.Launched, CancellationToken.None);
        await _registry.SetTargetStateAsync("a.service", TargetState.Launched, CancellationToken.None);
        long version = _registry.Version;
        await _registry.SetTargetStateAsync("a.service", TargetState.Launched, CancellationToken.None);

        Assert.Equal(version, _registry.Version);
    }

    [Fact]
    public async Task A_machine_ID_is_registered_once_and_taken_over_by_its_own_instance_only()
    {
        var machine = Fleets.Machine("m1") with { IsNative = true, Instance = "one" };

        Assert.NotNull(await _registry.RegisterMachineAsync(machine, _ttl, CancellationToken.None));
        Assert.Null(await _registry.RegisterMachineAsync(machine, _ttl, CancellationToken.None));
        Assert.NotNull(await _registry.RetakeMachineAsync(machine, _ttl, CancellationToken.None));
        Assert.Null(await _registry.RetakeMachineAsync(machine with { Instance = "two" }, _ttl, CancellationToken.None));
    }

    // An original writes no instance: nobody may take its machine over.
    [Fact]
    public async Task A_machine_of_the_original_is_nobodys_to_take()
    {
        await _registry.RegisterMachineAsync(Fleets.Machine("m1"), _ttl, CancellationToken.None);

        Assert.Null(await _registry.RetakeMachineAsync(Fleets.Machine("m1") with { IsNative = true }, _ttl, CancellationToken.None));
    }

    [Fact]
    public async Task The_cluster_is_native_while_no_machine_of_the_original_is_there()
    {
        Assert.False(_registry.Snapshot.IsNative);
        await _registry.RegisterMachineAsync(Fleets.Machine("m1") with { IsNative = true, Instance = "one" }, _ttl, CancellationToken.None);
        Assert.True(_registry.Snapshot.IsNative);
        await _registry.RegisterMachineAsync(Fleets.Machine("m2"), _ttl, CancellationToken.None);
        Assert.False(_registry.Snapshot.IsNative);
    }

    [Fact]
    public async Task A_machine_that_took_its_leave_is_gone_and_one_that_is_back_is_not()
    {
        var machine = Fleets.Machine("m1") with { IsNative = true, Instance = "one" };
        await _registry.RegisterMachineAsync(machine, _ttl, CancellationToken.None);
        await _registry.RemoveMachineAsync("m1", CancellationToken.None);
        Assert.True(_registry.Snapshot.Absent["m1"].IsGone);

        await _registry.WriteNotesAsync("m1", "http://10.0.0.1:49153", CancellationToken.None);
        await _registry.RegisterMachineAsync(machine, _ttl, CancellationToken.None);
        Assert.Empty(_registry.Snapshot.Absent);
        Assert.Equal("http://10.0.0.1:49153", _registry.Snapshot.Machines["m1"].ApiAddress);
    }

    [Fact]
    public async Task A_job_that_names_a_missing_unit_file_is_broken_until_the_file_is_there()
    {
        await _registry.CreateJobAsync("a.service", _unit, TargetState.Loaded, CancellationToken.None);
        await _keys.DeleteAsync($"/_coreos.com/fleet/unit/{_unit.Hash}", new(), CancellationToken.None);
        await _registry.SetTargetStateAsync("a.service", TargetState.Launched, CancellationToken.None);
        Assert.Equal(_unit.Hash, _registry.Snapshot.BrokenJobs["a.service"].UnitHash);

        await _registry.CreateJobAsync("b.service", _unit, TargetState.Loaded, CancellationToken.None);
        Assert.Empty(_registry.Snapshot.BrokenJobs);
        Assert.Equal(["a.service", "b.service"], _registry.Snapshot.Jobs.Keys);
    }

    [Fact]
    public async Task Dynamic_metadata_overlays_a_machine_and_an_empty_value_takes_a_key_away()
    {
        await _registry.RegisterMachineAsync(Fleets.Machine("m1", "disk=ssd", "region=eu"), _ttl, CancellationToken.None);
        await _registry.SetMachineMetadataAsync("m1", "disk", "", CancellationToken.None);
        await _registry.SetMachineMetadataAsync("m1", "region", "us", CancellationToken.None);
        await _registry.SetMachineMetadataAsync("ghost", "region", "us", CancellationToken.None);

        Assert.Equal(["m1"], _registry.Snapshot.Machines.Keys);
        Assert.Equal([new("region", "us")], _registry.Snapshot.Machines["m1"].Metadata);
    }

    [Fact]
    public async Task The_lease_is_held_by_one_and_follows_the_protocols_version()
    {
        var layout = new RegistryKeys("/_coreos.com/fleet/");
        var first = new EngineLease(_keys, layout, "m1", 1, TimeSpan.FromSeconds(10));
        var second = new EngineLease(_keys, layout, "m2", 1, TimeSpan.FromSeconds(10));

        Assert.True((await first.TryHoldAsync(isNative: false, CancellationToken.None)).IsLeader);
        Assert.Equal("""{"MachineID":"m1","Version":1}""", _keys["/_coreos.com/fleet/lease/engine-leader"]);
        Assert.False((await second.TryHoldAsync(isNative: false, CancellationToken.None)).IsLeader);

        var newer = new EngineLease(_keys, layout, "m3", 2, TimeSpan.FromSeconds(10));
        Assert.Equal(new LeaseOutcome(true, TimeSpan.FromSeconds(10)), await newer.TryHoldAsync(isNative: false, CancellationToken.None));
        Assert.False((await first.TryHoldAsync(isNative: false, CancellationToken.None)).IsLeader);

        await newer.ReleaseAsync(CancellationToken.None);
        Assert.True((await second.TryHoldAsync(isNative: false, CancellationToken.None)).IsLeader);
    }

    private TargetState CurrentState() => _registry.Snapshot.CurrentStateOf(_registry.Snapshot.Jobs["a.service"]);
}
