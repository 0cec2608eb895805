using Coreutil.Etcd.Client;
using Coreutil.Fleet.Registry;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Engine;

/// <summary>Holds the lease if it can, and while it does carries out what <see cref="Schedule"/> decides: at every change of the registry and at least once an interval.</summary>
public sealed class EngineLoop(IRegistry registry, EngineLease lease, TimeSpan interval, TimeSpan leaseTtl, TimeProvider time, ILogger log)
{
    /// <summary>The protocol between engines; the original's number.</summary>
    public const int ProtocolVersion = 1;

    /// <summary>The lease lasts this many intervals.</summary>
    public const int LeaseIntervals = 5;

    private readonly Dictionary<string, string> _waiting = new(StringComparer.Ordinal);
    private bool _wasLeader;

    public async Task RunAsync(CancellationToken cancel)
    {
        for (; ; )
        {
            long seen = registry.Version;
            try
            {
                await TickAsync(cancel);
            }
            catch (Exception refused) when (refused is EtcdException or EtcdUnavailableException or EtcdProtocolException)
            {
                log.EngineInterrupted(refused.Message);
            }

            await registry.WaitForChangeAsync(seen, interval, cancel);
        }
    }

    private async Task TickAsync(CancellationToken cancel)
    {
        if (!registry.IsLive || !await registry.AgreeOnEngineVersionAsync(ProtocolVersion, cancel))
        {
            return;
        }

        // Past the lease another engine may decide: what is not sent by then is not sent.
        using var limit = new CancellationTokenSource(leaseTtl, time);
        var held = await lease.TryHoldAsync(cancel);
        if (held.IsLeader != _wasLeader)
        {
            _wasLeader = held.IsLeader;
            _waiting.Clear();
            log.LeadershipChanged(held.IsLeader ? "Engine leadership acquired" : "Engine leadership lost");
        }

        if (!held.IsLeader)
        {
            return;
        }

        if (held.Pause > TimeSpan.Zero)
        {
            await Task.Delay(held.Pause, time, cancel);
            return;
        }

        var snapshot = registry.Snapshot;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            foreach (var decision in Schedule.Decide(new(snapshot.Machines, snapshot.Jobs)))
            {
                await CarryOutAsync(decision, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            log.EngineInterrupted("the lease ended before all decisions were written");
        }
    }

    private async Task CarryOutAsync(Decision decision, CancellationToken cancel)
    {
        switch (decision)
        {
            case Decision.Schedule placed:
                _waiting.Remove(placed.UnitName);
                await registry.ScheduleAsync(placed.UnitName, placed.MachineId, cancel);
                log.Scheduled(placed.UnitName, placed.MachineId, placed.Reason);
                break;
            case Decision.Unschedule removed:
                await registry.UnscheduleAsync(removed.UnitName, removed.MachineId, cancel);
                log.Unscheduled(removed.UnitName, removed.MachineId, removed.Reason);
                break;
            case Decision.Wait waiting:
                // Said once for each reason, not every two seconds.
                if (!_waiting.TryGetValue(waiting.UnitName, out string? said) || said != waiting.Reason)
                {
                    _waiting[waiting.UnitName] = waiting.Reason;
                    log.Unschedulable(waiting.UnitName, waiting.Reason);
                }

                break;
            default:
                throw new InvalidOperationException("unknown decision");
        }
    }
}
