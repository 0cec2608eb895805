using Coreutil.Fleet.Engine;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Registry;
using Coreutil.Tests.Fleet.Registry;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coreutil.Tests.Fleet;

// An engine decides on all that engines wrote before, or not at all: else units that run are placed again, and taken off where they run.
public sealed class EngineLoopTests : IAsyncLifetime
{
    private static readonly StoredUnit _unit = new("1fa41b061074d257bdf3919173a792fc879013f5", "[Service]\nExecStart=/bin/false\n");
    private static readonly TimeSpan _ttl = TimeSpan.FromSeconds(30);
    private static readonly RegistryKeys _layout = new("/_coreos.com/fleet/");
    private readonly FakeKeys _keys = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly RegistryMirror _mirror;
    private readonly EtcdRegistry _registry;
    private readonly AssignmentWatch _watch;
    private readonly EngineLoop _engine;
    private readonly List<Task> _running = [];

    public EngineLoopTests()
    {
        _mirror = new(_keys, _layout, TimeProvider.System, NullLogger.Instance);
        _registry = new(_keys, _layout, _mirror);
        _watch = new(_keys, _layout, "m1", TimeProvider.System, NullLogger.Instance);
        var lease = new EngineLease(_keys, _layout, "m1", EngineLoop.ProtocolVersion, _ttl);
        var care = new RegistryCare(_keys, _layout, TimeProvider.System, NullLogger.Instance);
        _engine = new(_registry, lease, _watch, care, new() { Interval = TimeSpan.FromSeconds(1) }, new(), TimeProvider.System, NullLogger.Instance);
    }

    public async ValueTask InitializeAsync()
    {
        _running.AddRange([_mirror.RunAsync(_stop.Token), _watch.RunAsync(_stop.Token)]);
        Assert.True(await _registry.WaitUntilLiveAsync(TimeSpan.FromMinutes(1), CancellationToken.None));
        foreach (string id in (string[])["m1", "m2"])
        {
            await _registry.RegisterMachineAsync(Fleets.Machine(id) with { IsNative = true, Instance = id }, _ttl, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [Fact]
    public async Task A_new_leader_first_learns_what_the_last_one_wrote()
    {
        await _registry.CreateJobAsync("a.service", _unit, TargetState.Launched, CancellationToken.None);
        _keys.IsWatchHeld = true;
        await _registry.ScheduleAsync("a.service", "m2", CancellationToken.None);
        await _registry.WriteAssignmentAsync("m2", new(true, [new("a.service", _unit.Hash, TargetState.Launched)]), CancellationToken.None);
        string? before = _keys[_layout.Assignment("m2")];

        _running.Add(_engine.RunAsync(_stop.Token));
        await UntilAsync(() => _keys[_layout.Lease] is not null);
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        Assert.Equal((null, before), (_keys[_layout.Assignment("m1")], _keys[_layout.Assignment("m2")]));

        _keys.IsWatchHeld = false;
        await UntilAsync(() => _keys[_layout.Assignment("m1")] is not null);
        Assert.Equal(before, _keys[_layout.Assignment("m2")]);
    }

    [Fact]
    public async Task A_unit_that_the_store_says_is_elsewhere_is_given_to_nobody_and_holds_up_no_other()
    {
        _keys.HiddenKey = _layout.Target("a.service");
        await _registry.ScheduleAsync("a.service", "m2", CancellationToken.None);
        await _registry.CreateJobAsync("a.service", _unit, TargetState.Launched, CancellationToken.None);
        _running.Add(_engine.RunAsync(_stop.Token));
        await _registry.CreateJobAsync("b.service", _unit, TargetState.Launched, CancellationToken.None);

        await UntilAsync(() => Given().Contains("b.service", StringComparison.Ordinal));
        Assert.DoesNotContain("a.service", Given(), StringComparison.Ordinal);
        Assert.Equal("m2", _keys[_layout.Target("a.service")]);

        string Given() => _keys[_layout.Assignment("m1")] + _keys[_layout.Assignment("m2")];
    }

    private static async Task UntilAsync(Func<bool> isReached)
    {
        for (int attempt = 0; !isReached(); attempt++)
        {
            Assert.True(attempt < 600, "it does not come to that within a minute");
            await Task.Delay(100);
        }
    }
}
