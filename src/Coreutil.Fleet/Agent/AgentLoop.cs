using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Registry;
using Coreutil.Units;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Agent;

/// <summary>Carries out what <see cref="AgentTasks"/> plans for this machine: at every change of the registry and at least every five seconds.</summary>
public sealed class AgentLoop(
    IRegistry registry, IUnitManager manager, LocalUnits units, UnitStatePublisher publisher, string machineId, TimeSpan ttl, ILogger log)
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, string> _failures = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancel)
    {
        for (; ; )
        {
            long seen = registry.Version;
            if (registry.IsLive)
            {
                await ReconcileAsync(cancel);
            }

            await registry.WaitForChangeAsync(seen, _interval, cancel);
        }
    }

    /// <summary>Takes every fleet unit off this machine: what a graceful end of the original does.</summary>
    public async Task PurgeAsync(CancellationToken cancel)
    {
        await CarryOutAsync([], cancel);
        await publisher.PublishAsync(cancel);

        // Also what an earlier process of this machine published and this one never repeated.
        foreach (var state in registry.Snapshot.States.Where(state => state.MachineId == machineId && !units.Current.ContainsKey(state.UnitName)))
        {
            await registry.RemoveStateAsync(state.UnitName, machineId, cancel);
        }
    }

    /// <summary>
    /// Failures of the store, the disk or the unit manager, whose exceptions are of its own assembly: they are logged, and the next pass tries again.
    /// </summary>
    internal static bool IsExpected(Exception failure) => failure is not OperationCanceledException;

    private async Task ReconcileAsync(CancellationToken cancel)
    {
        if (AgentState.ReadDesired(registry.Snapshot, machineId) is not { } desired)
        {
            return;
        }

        if (await CarryOutAsync(desired, cancel))
        {
            await publisher.PublishAsync(cancel);
        }
    }

    private async Task<bool> CarryOutAsync(IEnumerable<Job> desired, CancellationToken cancel)
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

            if (await TryAsync(task.UnitName, () => RunTaskAsync(task, cancel)))
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
                // A lost store must not keep a purge from stopping units; the key expires by itself.
                await TryAsync($"heartbeat of {name}", () => registry.ClearLaunchedAsync(name, cancel));
                await manager.UnloadAsync(name, cancel);
                units.Set(name, null);
                break;
            case AgentTask.Load load:
                await manager.LoadAsync(name, load.Unit.Text, cancel);
                units.Set(name, new(load.Unit.Hash, IsLaunched: false));
                break;
            case AgentTask.Stop:
                await registry.ClearLaunchedAsync(name, cancel);
                await manager.StopAsync(name, cancel);
                units.Set(name, local! with { IsLaunched = false });
                break;
            case AgentTask.Start:
                // Said before it is done, as the original does: whoever waits for «launched» then looks at the unit's own state. A start that the
                // manager refuses (a required unit is not linked yet) is tried again with the next pass.
                await registry.BeatLaunchedAsync(name, machineId, ttl, cancel);
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
            _failures.Remove(what);
            return true;
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            // The same failure every five seconds is said once.
            if (!_failures.TryGetValue(what, out string? said) || said != failure.Message)
            {
                _failures[what] = failure.Message;
                log.TaskFailed(what, failure.Message);
            }

            return false;
        }
    }
}
