using System.Collections.Immutable;
using Coreutil.Etcd.Client;
using Coreutil.Fleet.Registry;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Engine;

/// <summary>How an engine works; the defaults are the original's.</summary>
public sealed record EngineSettings
{
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    public TimeSpan RescheduleGrace { get; init; }

    /// <summary>A machine's object lives that long without a sign of it.</summary>
    public TimeSpan AgentTtl { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>False: never takes the lease, only looks who has it.</summary>
    public bool CanLead { get; init; } = true;

    public TimeSpan LeaseTtl => Interval * EngineLoop.LeaseIntervals;
}

/// <summary>
/// Holds the lease if it can, and while it does carries out what <see cref="Schedule"/> decides: at every change of the registry and at least once an
/// interval. Then it writes for each machine what that has to run.
/// </summary>
public sealed class EngineLoop(
    IRegistry registry, EngineLease lease, AssignmentWatch watch, RegistryCare care, EngineSettings settings, EngineMetrics metrics, TimeProvider time, ILogger log)
{
    /// <summary>The protocol between engines; the original's number.</summary>
    public const int ProtocolVersion = 1;

    /// <summary>The lease lasts this many intervals.</summary>
    public const int LeaseIntervals = 5;

    // A pass writes so many decisions at most, so that the agents of the first need not wait for the last.
    private const int LargestPass = 1000;
    private const int Writers = 16;
    private static readonly TimeSpan _patrol = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _tidyPeriod = TimeSpan.FromSeconds(10);
    private readonly WaitingUnits _waiting = new(log);
    private readonly LateMachines _lateMachines = new(settings.RescheduleGrace, settings.AgentTtl, settings.AgentTtl);
    private readonly long _start = time.GetTimestamp();
    private ImmutableSortedDictionary<string, string> _late = ImmutableSortedDictionary<string, string>.Empty;
    private RegistrySnapshot? _decidedFor;
    private ImmutableHashSet<string> _refused = [];
    private ulong _needed;
    private long _renewed;
    private long _tidied = time.GetTimestamp();
    private bool _wasLeader;
    private bool _isNative = true;

    public async Task RunAsync(CancellationToken cancel)
    {
        for (; ; )
        {
            long seen = registry.Version;
            bool isLeader = false;
            try
            {
                isLeader = await TickAsync(cancel);
            }
            catch (Exception refused) when (refused is EtcdException or EtcdUnavailableException or EtcdProtocolException)
            {
                _decidedFor = null;
                log.EngineInterrupted(refused.Message);
            }

            // A late machine is judged by heartbeats too, and those wake nobody.
            var interval = _late.IsEmpty ? settings.Interval : settings.Interval / 4;
            await (isLeader ? registry.WaitForChangeAsync(seen, interval, cancel) : Task.Delay(NextLook(), time, cancel));
        }
    }

    /// <summary>What must be known of a job's machine that only the leader knows; null for nothing.</summary>
    public string? WhyHeld(string machineId) => _late.GetValueOrDefault(machineId);

    private TimeSpan NextLook() => watch.IsLive && (watch.Assignment is { IsStandby: false } || !settings.CanLead)
        ? _patrol * (0.5 + Random.Shared.NextDouble())
        : settings.Interval;

    private async Task<bool> TickAsync(CancellationToken cancel)
    {
        if (!watch.IsLive)
        {
            return false;
        }

        if (!settings.CanLead)
        {
            await lease.LookAsync(cancel);
            watch.OnEngineSeen(lease.Holder);
            return false;
        }

        if (!await HoldAsync(cancel))
        {
            return false;
        }

        if (!await registry.WaitUntilLiveAsync(settings.Interval, cancel))
        {
            return true;
        }

        // Past the lease another engine may decide: what is not sent by then is not sent.
        using var limit = new CancellationTokenSource(settings.LeaseTtl - time.GetElapsedTime(_renewed), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            await PassAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            _decidedFor = null;
            log.EngineInterrupted("the lease ended before all decisions were written");
        }

        return true;
    }

    private async Task<bool> HoldAsync(CancellationToken cancel)
    {
        if (lease.IsHeld && time.GetElapsedTime(_renewed) < settings.Interval && lease.Holder?.IsNative == _isNative)
        {
            return true;
        }

        if (!lease.IsHeld && await lease.IsOthersAsync(cancel))
        {
            OnLooked(isLeader: false);
            return false;
        }

        if (!await registry.AgreeOnEngineVersionAsync(ProtocolVersion, cancel))
        {
            return false;
        }

        long stamp = time.GetTimestamp();
        var held = await lease.TryHoldAsync(_isNative, cancel);
        _renewed = stamp;
        OnLooked(held.IsLeader);
        if (held is { IsLeader: true, Pause: var pause } && pause > TimeSpan.Zero)
        {
            await Task.Delay(pause, time, cancel);
        }

        return held.IsLeader;
    }

    private void OnLooked(bool isLeader)
    {
        watch.OnEngineSeen(lease.Holder);
        bool isNew = isLeader != _wasLeader;
        if (isNew)
        {
            _wasLeader = isLeader;
            _waiting.Clear();
            _decidedFor = null;
            metrics.OnLeadership(isLeader, time.GetUtcNow());
            log.LeadershipChanged(isLeader ? "Engine leadership acquired" : "Engine leadership lost");
        }

        if (isNew || lease.Index < _needed)
        {
            // What engines before this one wrote has lower indexes; after all of it was lost the store counts anew.
            _needed = lease.Index;
        }
    }

    private async Task PassAsync(CancellationToken cancel)
    {
        // Whoever decides on less than all that engines wrote before places units twice, and takes them off where they run.
        if (!await registry.WaitForIndexAsync(_needed, settings.Interval, cancel))
        {
            return;
        }

        var snapshot = registry.Snapshot;
        int reading = registry.Listings;
        if (snapshot.IsNative != _isNative)
        {
            // The others' agents read off the lease whether they are given orders.
            _isNative = snapshot.IsNative;
            if (!await HoldAsync(cancel))
            {
                return;
            }
        }

        var late = _lateMachines.Judge(snapshot, reading, registry.MachinesDue(settings.AgentTtl), time.GetElapsedTime(_start));
        foreach (var (id, reason) in late.Where(machine => !_late.ContainsKey(machine.Key)))
        {
            log.MachineLate(id, reason);
        }

        bool isSame = ReferenceEquals(snapshot, _decidedFor) && late.Keys.SequenceEqual(_late.Keys);
        _late = late;
        if (!isSame)
        {
            long started = time.GetTimestamp();
            await DecideAsync(snapshot, late, cancel);
            metrics.OnPass(time.GetElapsedTime(started));
        }

        if (time.GetElapsedTime(_tidied) >= _tidyPeriod)
        {
            _tidied = time.GetTimestamp();
            await care.TidyAsync(snapshot, reading, [.. late.Keys], settings.AgentTtl, cancel);
        }
    }

    private async Task DecideAsync(RegistrySnapshot snapshot, ImmutableSortedDictionary<string, string> late, CancellationToken cancel)
    {
        var state = new ClusterState(snapshot.Machines, snapshot.Jobs) { Late = [.. late.Keys] };
        var all = Schedule.Decide(state);
        _waiting.Tell(all);
        Decision[] decisions = [.. all.Where(decision => decision is not Decision.Wait).Take(LargestPass)];
        var refused = ImmutableHashSet<string>.Empty;
        foreach (var phase in (Decision[][])[[.. decisions.Where(decision => decision is Decision.Unschedule)], [.. decisions.Where(decision => decision is Decision.Schedule)]])
        {
            await Parallel.ForEachAsync(phase, Parallelly(cancel), async (decision, stop) =>
            {
                ulong index = await CarryOutAsync(decision, stop);
                _ = index == 0 ? ImmutableInterlocked.Update(ref refused, all => all.Add(decision.UnitName)) : Need(index);
            });
        }

        // The store knows more of these units than the snapshot, which is soon to follow: until then nobody is given orders by it. What is refused
        // again by then has a key that makes no sense, and holds up no other.
        bool isBehind = !refused.IsEmpty && !refused.SetEquals(_refused);
        _refused = refused;
        if (!isBehind)
        {
            await AssignAsync(snapshot, state.With(decisions.Where(decision => !refused.Contains(decision.UnitName))), cancel);
        }

        _decidedFor = decisions.Length == 0 ? snapshot : null;
    }

    /// <summary>The index of the write; 0 where the store refused it.</summary>
    private async Task<ulong> CarryOutAsync(Decision decision, CancellationToken cancel)
    {
        switch (decision)
        {
            case Decision.Schedule placed:
                ulong index = await registry.ScheduleAsync(placed.UnitName, placed.MachineId, cancel);
                if (index > 0)
                {
                    metrics.OnDecision(decision);
                    log.Scheduled(placed.UnitName, placed.MachineId, placed.Reason);
                }

                return index;
            case Decision.Unschedule removed:
                ulong removal = await registry.UnscheduleAsync(removed.UnitName, removed.MachineId, cancel);
                if (removal > 0)
                {
                    metrics.OnDecision(decision);
                    log.Unscheduled(removed.UnitName, removed.MachineId, removed.Reason);
                }

                return removal;
            default:
                throw new InvalidOperationException("unknown decision");
        }
    }

    private async Task AssignAsync(RegistrySnapshot snapshot, ClusterState after, CancellationToken cancel)
    {
        var orders = AssignmentPlan.Of(snapshot, after);
        await Parallel.ForEachAsync(orders.Written, Parallelly(cancel), async (pair, stop) => Need(await registry.WriteAssignmentAsync(pair.Key, pair.Value, stop)));
        await Parallel.ForEachAsync(orders.Removed, Parallelly(cancel), async (id, stop) => await registry.RemoveAssignmentAsync(id, stop));
    }

    private static ParallelOptions Parallelly(CancellationToken cancel) => new() { MaxDegreeOfParallelism = Writers, CancellationToken = cancel };

    // The next pass is to see this.
    private bool Need(ulong index)
    {
        for (ulong known = Volatile.Read(ref _needed); known < index; known = Volatile.Read(ref _needed))
        {
            Interlocked.CompareExchange(ref _needed, index, known);
        }

        return true;
    }
}
