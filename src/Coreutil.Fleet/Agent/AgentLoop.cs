using Coreutil.Fleet.Registry;
using Coreutil.Units;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Agent;

/// <summary>Whom an agent works for, and what it may do without the store.</summary>
/// <param name="Fence">Set: without the store for so long, this machine's units are stopped, since they may run elsewhere by now.</param>
public sealed record AgentSettings(string MachineId, TimeSpan? Fence);

/// <summary>Carries out what <see cref="AgentTasks"/> plans for this machine: at every change of its orders and at least every five seconds.</summary>
public sealed class AgentLoop(
    IRegistry registry, AssignmentWatch watch, IUnitManager manager, LocalUnits units, UnitStatePublisher publisher, AgentSettings settings, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, string> _failures = new(StringComparer.Ordinal);
    private bool _isFenced;

    public async Task RunAsync(CancellationToken cancel)
    {
        for (; ; )
        {
            var changed = watch.Changed;
            long seen = registry.Version;
            var orders = watch.Orders;
            if (watch.IsLive)
            {
                _isFenced = false;
                await ReconcileAsync(orders, cancel);
            }
            else if (!_isFenced && settings.Fence is { } fence && watch.LostFor > fence)
            {
                await FenceAsync(cancel);
            }

            using var rest = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            await Task.WhenAny(
                changed,
                orders is Orders.FromRegistry ? registry.WaitForChangeAsync(seen, _interval, rest.Token) : Task.Delay(watch.IsLive ? _interval : _interval / 5, time, rest.Token));
            await rest.CancelAsync();
            cancel.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Takes every fleet unit off this machine: what a graceful end of the original does.</summary>
    public async Task PurgeAsync(CancellationToken cancel)
    {
        await CarryOutAsync([], cancel);
        await publisher.PublishAsync(cancel);
    }

    /// <summary>What kept a task of this unit from being done, at the last try.</summary>
    public string? LastFailureOf(string unit)
    {
        lock (_failures)
        {
            return _failures.FirstOrDefault(failure => failure.Key.EndsWith($" Unit({unit})", StringComparison.Ordinal)).Value;
        }
    }

    /// <summary>
    /// Failures of the store, the disk or the unit manager, whose exceptions are of its own assembly: they are logged, and the next pass tries again.
    /// </summary>
    internal static bool IsExpected(Exception failure) => failure is not OperationCanceledException;

    private async Task ReconcileAsync(Orders orders, CancellationToken cancel)
    {
        switch (orders)
        {
            case Orders.Assigned { Assignment: var assignment }:
                await CarryOutAndPublishAsync(assignment.Units, cancel);
                break;
            case Orders.FromRegistry when await registry.WaitUntilLiveAsync(_interval, cancel)
                && AgentState.ReadDesired(registry.Snapshot, settings.MachineId) is { } desired:
                await CarryOutAndPublishAsync(desired, cancel);
                break;
            default:
                // Nothing is known of what is wanted here: everything stays.
                break;
        }
    }

    private async Task CarryOutAndPublishAsync(IEnumerable<DesiredUnit> desired, CancellationToken cancel)
    {
        if (await CarryOutAsync(desired, cancel))
        {
            await publisher.PublishAsync(cancel);
        }
    }

    /// <summary>Units that are stopped here count as not launched: what still belongs here starts again when the store is back.</summary>
    private async Task FenceAsync(CancellationToken cancel)
    {
        _isFenced = true;
        log.Fenced(watch.LostFor ?? TimeSpan.Zero);
        foreach (var (name, unit) in units.Current.Where(unit => unit.Value.IsLaunched))
        {
            await TryAsync($"fence Unit({name})", async () =>
            {
                await manager.StopAsync(name, cancel);
                units.Set(name, unit with { IsLaunched = false });
            });
        }
    }

    private async Task<bool> CarryOutAsync(IEnumerable<DesiredUnit> desired, CancellationToken cancel)
    {
        IReadOnlyList<AgentTask> tasks;
        try
        {
            tasks = AgentTasks.Plan(desired, await units.ReadAsync(cancel));
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            log.UnitsUnreadable(failure.Message);
            return false;
        }

        var failed = new HashSet<string>(StringComparer.Ordinal);
        await RunAllAsync(tasks.Where(task => task is AgentTask.Unload or AgentTask.Load), failed, cancel);
        if (tasks.Any(task => task is AgentTask.Unload or AgentTask.Load))
        {
            await TryAsync("reload", () => manager.ReloadAsync(cancel));
        }

        await RunAllAsync(tasks.Where(task => task is AgentTask.Stop or AgentTask.Start), failed, cancel);
        return tasks.Count > 0;
    }

    private async Task RunAllAsync(IEnumerable<AgentTask> tasks, HashSet<string> failed, CancellationToken cancel)
    {
        foreach (var task in tasks)
        {
            if (failed.Contains(task.UnitName))
            {
                continue;
            }

            if (await TryAsync($"{task.GetType().Name} Unit({task.UnitName})", () => RunTaskAsync(task, cancel)))
            {
                log.TaskDone(task.GetType().Name, task.UnitName, task.Reason);
            }
            else
            {
                failed.Add(task.UnitName);
            }
        }
    }

    private async Task RunTaskAsync(AgentTask task, CancellationToken cancel)
    {
        string name = task.UnitName;
        var local = units.Current.GetValueOrDefault(name);
        switch (task)
        {
            case AgentTask.Unload:
                // A lost store must not keep a purge from stopping units; the key expires or is swept.
                if (watch.IsLive)
                {
                    await TryAsync($"heartbeat of Unit({name})", () => registry.ClearLaunchedAsync(name, settings.MachineId, cancel));
                }

                await manager.UnloadAsync(name, cancel);
                await publisher.WithdrawAsync(name, cancel);
                units.Set(name, null);
                break;
            case AgentTask.Load load:
                string text = await registry.ReadUnitAsync(load.Hash, cancel) ?? throw new InvalidDataException("its unit file is not in the registry");
                await manager.LoadAsync(name, text, cancel);
                units.Set(name, units.Recognise(name, text));
                break;
            case AgentTask.Stop:
                await registry.ClearLaunchedAsync(name, settings.MachineId, cancel);
                await manager.StopAsync(name, cancel);
                units.Set(name, local! with { IsLaunched = false });
                break;
            case AgentTask.Start:
                // Said before it is done, as the original does: whoever waits for «launched» then looks at the unit's own state. A start that the
                // manager refuses (a required unit is not linked yet) is tried again with the next pass.
                await publisher.BeatAsync(name, watch.Orders is Orders.FromRegistry, cancel);
                await manager.StartAsync(name, cancel);
                units.Set(name, local! with { IsLaunched = true });
                break;
            default:
                throw new InvalidOperationException("unknown task");
        }
    }

    private async Task<bool> TryAsync(string what, Func<Task> work)
    {
        try
        {
            await work();
            lock (_failures)
            {
                _failures.Remove(what);
            }

            return true;
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            // The same failure every five seconds is said once.
            lock (_failures)
            {
                if (_failures.TryGetValue(what, out string? said) && said == failure.Message)
                {
                    return false;
                }

                _failures[what] = failure.Message;
            }

            log.TaskFailed(what, failure.Message);
            return false;
        }
    }
}
