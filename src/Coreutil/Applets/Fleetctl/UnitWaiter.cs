using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;
using Coreutil.Fleet.Jobs;

namespace Coreutil.Applets.Fleetctl;

/// <summary>How long a command waits: for ever (0), for a number of windows of two seconds, or not at all.</summary>
internal sealed record WaitPolicy(int Attempts, bool IsNotWaiting);

/// <summary>A unit did not get where a command sent it.</summary>
internal sealed class UnitWaitException(string message) : Exception(message);

/// <summary>Waits for units and prints each one when it arrives (reference: fleet §g).</summary>
internal sealed class UnitWaiter(IFleetApi api, AppletContext context)
{
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _firstExplanation = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _explanationPeriod = TimeSpan.FromSeconds(5);

    /// <summary>A new unit is always waited for; a global one has no state to wait for.</summary>
    public async Task WaitForCreationAsync(IEnumerable<string> names, CancellationToken cancel)
    {
        foreach (string name in names)
        {
            var unit = await UntilAsync(name, unit => unit.CurrentState is "inactive" || IsGlobal(unit), new(0, false), "inactive", cancel);
            await context.Out.WriteLineAsync($"Unit {name} {(IsGlobal(unit) ? "" : "inactive")}".AsMemory(), cancel);
        }
    }

    /// <summary>Waits until each unit's current state is <paramref name="state"/>, and prints it with its machine.</summary>
    /// <exception cref="UnitWaitException">The attempts are used up.</exception>
    public async Task WaitForStateAsync(IReadOnlyCollection<string> names, string state, WaitPolicy policy, CancellationToken cancel) =>
        await Task.WhenAll(names.Select(async name =>
        {
            var unit = await UntilAsync(name, unit => unit.CurrentState == state, policy, state, cancel);
            string where = state != "inactive" && unit.MachineId is { Length: > 0 } id
                ? $" on {MachineLegend.Of(id, await api.ListMachinesAsync(cancel), isFull: false)}"
                : "";
            await context.Out.WriteLineAsync($"Unit {name} {state}{where}".AsMemory(), cancel);
        }));

    /// <summary>
    /// After a start: the unit manager's word. A unit that is still activating is waited for, a oneshot that ended well is fine, a failed one is not;
    /// anything else must be active within one window.
    /// </summary>
    /// <exception cref="UnitWaitException">It failed, or never became active.</exception>
    public async Task WaitForActiveAsync(string name, CancellationToken cancel)
    {
        var pause = new PollPause(context.Time);
        bool isOneshot = await api.FindUnitAsync(name, cancel) is { } unit && unit.File.Value("Service", "Type") == "oneshot";
        for (; ; )
        {
            var states = (await api.ListStatesAsync(cancel)).Where(state => state.Name == name).ToArray();
            if (states.Any(state => state is { ActiveState: "active", LoadState: "loaded" }))
            {
                return;
            }

            if (states.FirstOrDefault(state => state.ActiveState == "failed") is { } failed)
            {
                throw new UnitWaitException($"Unit {name} failed on {failed.MachineId}: see 'fleetctl status {name}' and 'fleetctl journal {name}'");
            }

            bool isActivating = states.Any(state => state.ActiveState is "activating" or "reloading");
            if (!isActivating && pause.Waited > Window)
            {
                if (isOneshot && states.Any(state => state.ActiveState == "inactive"))
                {
                    return;
                }

                throw new UnitWaitException($"Failed to find an active unit {name} within 2s, err: Failed to fetch states within 2s");
            }

            await pause.TakeAsync(cancel);
        }
    }

    /// <summary>After a stop: the unit manager is done with it.</summary>
    /// <exception cref="UnitWaitException">The attempts are used up.</exception>
    public async Task WaitForStopAsync(string name, WaitPolicy policy, CancellationToken cancel)
    {
        var pause = new PollPause(context.Time);
        while ((await api.ListStatesAsync(cancel)).Any(state => state.Name == name && state.ActiveState is not ("inactive" or "failed")))
        {
            if (policy.Attempts > 0 && pause.Waited >= Window * policy.Attempts)
            {
                throw new UnitWaitException($"timed out waiting for unit {name} to stop");
            }

            await pause.TakeAsync(cancel);
        }
    }

    public static bool IsGlobal(UnitEntry unit) => XFleetRequirements.Read(
        unit.Name,
        unit.Options.Where(option => option.Section == XFleetRequirements.Section).Select(option => (option.Name, option.Value))).IsGlobal;

    private async Task<UnitEntry> UntilAsync(string name, Func<UnitEntry, bool> isThere, WaitPolicy policy, string state, CancellationToken cancel)
    {
        var pause = new PollPause(context.Time);
        var nextExplanation = _firstExplanation;
        string? told = null;
        for (; ; )
        {
            if (await api.FindUnitAsync(name, cancel) is { } unit && isThere(unit))
            {
                return unit;
            }

            var waited = pause.Waited;
            if (policy.Attempts > 0 && waited >= Window * policy.Attempts)
            {
                throw new UnitWaitException($"timed out waiting for unit {name} to report state {state}");
            }

            // The original waits for ever without a word.
            if (waited >= nextExplanation)
            {
                nextExplanation = waited + _explanationPeriod;
                told = await ExplainAsync(name, state, told, cancel);
            }

            await pause.TakeAsync(cancel);
        }
    }

    /// <summary>The engine's reasons, as <c>fleetctl why</c> gives them; said again only when they are others.</summary>
    private async Task<string> ExplainAsync(string name, string state, string? told, CancellationToken cancel)
    {
        var report = await api.ExplainAsync(name, cancel);
        string reason = report is null
            ? ""
            : $": {report.Summary}{string.Concat(report.Machines.Where(machine => report.MachineId is null && machine.Obstacle is not null).Select(machine => $"\n  {machine.MachineId}: {machine.Obstacle}"))}";
        if (reason != told || reason.Length == 0)
        {
            await context.Error.WriteLineAsync($"Still waiting for unit {name} to report state {state}{reason}".AsMemory(), cancel);
        }

        return reason;
    }
}
