using System.Collections.Concurrent;
using System.Collections.Immutable;
using Coreutil.Units;

namespace Coreutil.FleetSimulation;

/// <summary>Units that are only remembered: a start makes one active at once. All else of a machine is real.</summary>
internal sealed class MemoryUnitManager : IUnitManager
{
    private readonly ConcurrentDictionary<string, (string Text, bool IsActive)> _units = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task LoadAsync(string name, string normalisedText, CancellationToken cancel) => Change(() => _units[name] = (normalisedText, false));

    public Task UnloadAsync(string name, CancellationToken cancel) => Change(() => _units.TryRemove(name, out _));

    public Task ReloadAsync(CancellationToken cancel) => Task.CompletedTask;

    public Task StartAsync(string name, CancellationToken cancel) => Change(() => _units[name] = (_units[name].Text, true));

    public Task StopAsync(string name, CancellationToken cancel) => Change(() => _units[name] = (_units[name].Text, false));

    public Task<ImmutableDictionary<string, UnitState>> ReadStatesAsync(ImmutableArray<string> names, CancellationToken cancel) => Task.FromResult(
        names.ToImmutableDictionary(name => name, name => !_units.TryGetValue(name, out var unit) ? UnitState.NotFound
            : unit.IsActive ? new("loaded", "active", "running") : new("loaded", "inactive", "dead")));

    public Task<ImmutableDictionary<string, string>> ReadLoadedUnitsAsync(CancellationToken cancel) =>
        Task.FromResult(_units.ToImmutableDictionary(unit => unit.Key, unit => unit.Value.Text));

    public Task<UnitStatusText> ReadStatusAsync(string name, CancellationToken cancel) => Task.FromResult(new UnitStatusText(name, 0));

    public async IAsyncEnumerable<string> ReadJournalAsync(
        string name, int lines, bool isFollowing, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.CompletedTask;
        yield break;
    }

    public async Task WaitForChangeAsync(TimeSpan atMost, CancellationToken cancel)
    {
        var changed = Volatile.Read(ref _changed);
        await Task.WhenAny(changed.Task, Task.Delay(atMost, cancel));
        cancel.ThrowIfCancellationRequested();
    }

    private Task Change(Action change)
    {
        change();
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        return Task.CompletedTask;
    }
}
