using System.Collections.Immutable;
using Coreutil.Fleet.Registry;
using Coreutil.Units;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Agent;

/// <summary>
/// Tells the cluster the states of this machine's units: at once when they change, and before their keys expire. Only this machine's own keys
/// are ever removed.
/// </summary>
public sealed class UnitStatePublisher(
    IRegistry registry, IUnitManager manager, LocalUnits units, string machineId, TimeSpan ttl, TimeProvider time, ILogger log) : IDisposable
{
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, Published> _published = new(StringComparer.Ordinal);

    /// <summary>The original's rule: four fifths of a long TTL, half of a short one.</summary>
    private readonly TimeSpan _period = ttl > TimeSpan.FromSeconds(10) ? ttl * 4 / 5 : ttl / 2;

    public async Task RunAsync(CancellationToken cancel)
    {
        for (; ; )
        {
            try
            {
                await manager.WaitForChangeAsync(_longestPause, cancel);
            }
            catch (Exception failure) when (AgentLoop.IsExpected(failure))
            {
                log.PublishFailed(failure.Message);
                await Task.Delay(_longestPause, time, cancel);
            }

            if (registry.IsLive)
            {
                await PublishAsync(cancel);
            }
        }
    }

    /// <summary>Publishes what changed or is due.</summary>
    public async Task PublishAsync(CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            var current = units.Current;
            var states = await manager.ReadStatesAsync([.. current.Keys], cancel);
            foreach (var (name, unit) in current)
            {
                await PublishUnitAsync(new(new(name, machineId, states.GetValueOrDefault(name, UnitState.NotFound), unit.Hash), unit.IsLaunched), cancel);
            }

            foreach (string gone in _published.Keys.Where(name => !current.ContainsKey(name)).ToList())
            {
                await registry.RemoveStateAsync(gone, machineId, cancel);
                _published.Remove(gone);
            }
        }
        catch (Exception failure) when (AgentLoop.IsExpected(failure))
        {
            log.PublishFailed(failure.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What was published before the store forgot this machine has to be published again.</summary>
    public async Task ForgetAsync(CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        _published.Clear();
        _turn.Release();
    }

    public void Dispose() => _turn.Dispose();

    private async Task PublishUnitAsync(Content content, CancellationToken cancel)
    {
        string name = content.State.UnitName;
        if (_published.TryGetValue(name, out var last) && last.Content == content && time.GetElapsedTime(last.Stamp) < _period)
        {
            return;
        }

        long stamp = time.GetTimestamp();
        await registry.PublishStateAsync(content.State, ttl, cancel);
        if (content.IsLaunched)
        {
            await registry.BeatLaunchedAsync(name, machineId, ttl, cancel);
        }

        _published[name] = new(content, stamp);
    }

    private sealed record Content(PublishedState State, bool IsLaunched);

    private sealed record Published(Content Content, long Stamp);
}
