using System.Collections.Concurrent;
using System.Collections.Immutable;
using Coreutil.Fleet.Containers;
using Coreutil.Fleet.Registry;
using Coreutil.Units;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Agent;

/// <summary>
/// Tells the cluster the states of this machine's units: at once when they change, and before their keys expire. Without a machine of the original
/// in the cluster the keys last a day, since the engine takes them away with their machine. Only this machine's own keys are ever removed.
/// </summary>
public sealed class UnitStatePublisher(
    IRegistry registry, AssignmentWatch watch, IUnitManager manager, LocalUnits units, DockerContainers containers, string machineId, TimeSpan agentTtl,
    TimeProvider time, ILogger log)
    : IDisposable
{
    /// <summary>How long a state holds where the engine sweeps.</summary>
    public static readonly TimeSpan LongTtl = TimeSpan.FromHours(24);

    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, Published> _published = new(StringComparer.Ordinal);

    // When a unit's launch was said last; a state that changes all the time must not put that off.
    private readonly ConcurrentDictionary<string, (long Stamp, bool IsLegacy)> _beats = new(StringComparer.Ordinal);
    private readonly HashSet<string> _withdrawn = new(StringComparer.Ordinal);
    private string? _lastFailure;

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
                TellFailure(failure.Message);
                await Task.Delay(_longestPause, time, cancel);
            }

            if (watch.IsLive)
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
            bool isLegacy = watch.Orders is Orders.FromRegistry;
            var current = units.Current;
            var states = await manager.ReadStatesAsync([.. current.Keys], cancel);
            var running = containers.Follow([.. current.Values.Select(unit => unit.Container).OfType<string>()]);
            foreach (var (name, unit) in current)
            {
                var state = new PublishedState(name, machineId, states.GetValueOrDefault(name, UnitState.NotFound), unit.Hash)
                {
                    Container = unit.Container is { } container ? running.GetValueOrDefault(container) : null,
                };
                await PublishUnitAsync(new(state, unit.IsLaunched, isLegacy), cancel);
            }

            foreach (string gone in _published.Keys.Concat(_withdrawn).Where(name => !current.ContainsKey(name)).ToHashSet(StringComparer.Ordinal))
            {
                await registry.RemoveStateAsync(gone, machineId, isLegacy, cancel);
                _published.Remove(gone);
                _beats.TryRemove(gone, out _);
            }

            _withdrawn.Clear();
            _lastFailure = null;
        }
        catch (Exception failure) when (AgentLoop.IsExpected(failure))
        {
            TellFailure(failure.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Says that a unit is launched here.</summary>
    /// <param name="name">The unit.</param>
    /// <param name="isLegacy">A machine of the original is in the cluster: it holds no longer than there.</param>
    /// <param name="cancel">Ends the request.</param>
    public async Task BeatAsync(string name, bool isLegacy, CancellationToken cancel)
    {
        long stamp = time.GetTimestamp();
        await registry.BeatLaunchedAsync(name, machineId, TtlOf(isLegacy), cancel);
        _beats[name] = (stamp, isLegacy);
    }

    /// <summary>A unit was taken off this machine: its state goes with the next publishing, also where an earlier process published it.</summary>
    public async Task WithdrawAsync(string name, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        _withdrawn.Add(name);
        _turn.Release();
    }

    /// <summary>What was published before the store forgot this machine has to be published again.</summary>
    public async Task ForgetAsync(CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        _published.Clear();
        _beats.Clear();
        _turn.Release();
    }

    public void Dispose() => _turn.Dispose();

    private async Task PublishUnitAsync(Content content, CancellationToken cancel)
    {
        string name = content.State.UnitName;
        var ttl = TtlOf(content.IsLegacy);

        // The original's rule: four fifths of a long TTL, half of a short one.
        var period = content.IsLegacy && ttl > TimeSpan.FromSeconds(10) ? ttl * 4 / 5 : ttl / 2;
        if (_published.TryGetValue(name, out var last) && last.Content == content && time.GetElapsedTime(last.Stamp) < period)
        {
            return;
        }

        long stamp = time.GetTimestamp();
        await registry.PublishStateAsync(content.State, ttl, content.IsLegacy, cancel);
        if (content.IsLaunched
            && !(_beats.TryGetValue(name, out var beat) && beat.IsLegacy == content.IsLegacy && time.GetElapsedTime(beat.Stamp) < period / 2))
        {
            await BeatAsync(name, content.IsLegacy, cancel);
        }

        _published[name] = new(content, stamp);
    }

    private TimeSpan TtlOf(bool isLegacy) => isLegacy ? agentTtl : LongTtl;

    // The same failure every second is said once.
    private void TellFailure(string message)
    {
        if (_lastFailure != message)
        {
            _lastFailure = message;
            log.PublishFailed(message);
        }
    }

    private sealed record Content(PublishedState State, bool IsLaunched, bool IsLegacy);

    private sealed record Published(Content Content, long Stamp);
}
