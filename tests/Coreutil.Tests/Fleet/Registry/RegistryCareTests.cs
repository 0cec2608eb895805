using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Registry;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coreutil.Tests.Fleet.Registry;

// What nobody needs any more is removed after a while, and nothing else.
public sealed class RegistryCareTests
{
    private const string Root = "/_coreos.com/fleet";
    private static readonly StoredUnit _unit = new("1fa41b061074d257bdf3919173a792fc879013f5", "[Service]\nExecStart=/bin/false\n");
    private static readonly TimeSpan _ttl = TimeSpan.FromSeconds(30);
    private readonly FakeKeys _keys = new();
    private readonly SteppedTime _time = new();
    private readonly RegistryKeys _layout = new(Root);
    private readonly EtcdRegistry _registry;
    private readonly RegistryCare _care;

    public RegistryCareTests()
    {
        _registry = new(_keys, _layout, new(_keys, _layout, _time, NullLogger.Instance));
        _care = new(_keys, _layout, _time, NullLogger.Instance);
    }

    [Fact]
    public async Task A_state_goes_when_its_machine_has_been_away_for_the_TTL()
    {
        await _registry.CreateJobAsync("a.service", _unit, TargetState.Launched, CancellationToken.None);
        await _registry.PublishStateAsync(new("a.service", "m1", new("loaded", "active", "running"), _unit.Hash), _ttl, isLegacy: false, CancellationToken.None);

        await TidyAfterAsync(0);
        await TidyAfterAsync(29);
        Assert.NotNull(_keys[$"{Root}/states/a.service/m1"]);
        await TidyAfterAsync(1);
        Assert.Null(_keys[$"{Root}/states/a.service/m1"]);
    }

    [Fact]
    public async Task A_late_machine_keeps_its_states()
    {
        await _registry.PublishStateAsync(new("a.service", "m1", new("loaded", "active", "running"), _unit.Hash), _ttl, isLegacy: false, CancellationToken.None);

        await TidyAfterAsync(0, late: "m1");
        await TidyAfterAsync(100, late: "m1");
        Assert.NotNull(_keys[$"{Root}/states/a.service/m1"]);
    }

    // The machine comes back while the engine still believes that it is away.
    [Fact]
    public async Task A_machine_that_is_back_keeps_its_states_whatever_the_snapshot_says()
    {
        await _registry.PublishStateAsync(new("a.service", "m1", new("loaded", "active", "running"), _unit.Hash), _ttl, isLegacy: false, CancellationToken.None);
        var old = await ReadAsync();
        await _registry.RegisterMachineAsync(Fleets.Machine("m1"), _ttl, CancellationToken.None);

        await _care.TidyAsync(old, 1, [], _ttl, CancellationToken.None);
        _time.Advance(TimeSpan.FromMinutes(1));
        await _care.TidyAsync(old, 1, [], _ttl, CancellationToken.None);
        Assert.NotNull(_keys[$"{Root}/states/a.service/m1"]);
    }

    [Fact]
    public async Task A_unit_file_goes_when_no_unit_has_named_it_for_ten_minutes()
    {
        await _registry.CreateJobAsync("a.service", _unit, TargetState.Inactive, CancellationToken.None);
        await TidyAfterAsync(0);
        await TidyAfterAsync(3600);
        Assert.NotNull(_keys[$"{Root}/unit/{_unit.Hash}"]);

        await _registry.DestroyJobAsync("a.service", CancellationToken.None);
        await TidyAfterAsync(0);
        await TidyAfterAsync(599);
        Assert.NotNull(_keys[$"{Root}/unit/{_unit.Hash}"]);
        await TidyAfterAsync(1);
        Assert.Null(_keys[$"{Root}/unit/{_unit.Hash}"]);
    }

    // An original's submit found the file there, and wrote its job when it was gone.
    [Fact]
    public async Task A_unit_file_that_was_taken_too_early_is_put_back()
    {
        await _keys.SetAsync($"{Root}/unit/{_unit.Hash}", """{"Raw":"[Service]\nExecStart=/bin/false\n"}""", new(), CancellationToken.None);
        await TidyAfterAsync(0);
        await TidyAfterAsync(600);
        Assert.Null(_keys[$"{Root}/unit/{_unit.Hash}"]);
        await _keys.SetAsync($"{Root}/job/a.service/object", RegistryJson.WriteJobObject("a.service", _unit.Hash), new(), CancellationToken.None);

        await TidyAfterAsync(2);
        Assert.NotNull(_keys[$"{Root}/unit/{_unit.Hash}"]);
    }

    private async Task TidyAfterAsync(double seconds, params string[] late)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        await _care.TidyAsync(await ReadAsync(), 1, late, _ttl, CancellationToken.None);
    }

    private async Task<RegistrySnapshot> ReadAsync()
    {
        var view = new RegistryView();
        view.Replace(RegistryTree.Flatten((await _keys.GetAsync(Root, new(IsRecursive: true), CancellationToken.None)).Node, Root));
        return view.Snapshot();
    }
}
