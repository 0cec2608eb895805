using System.CommandLine;
using System.Globalization;
using Coreutil.Applets.Fleetctl.Ssh;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>
/// One unit after the other is stopped, seen to be stopped, and started. The original does not wait for the stop, so that the service often runs on.
/// A global unit is restarted on one machine after the other.
/// </summary>
internal static class RestartCommand
{
    internal sealed record Request(IReadOnlyList<string> Units, WaitPolicy Policy);

    /// <summary>Restarts a unit on a machine by the original's way, and gives the exit code.</summary>
    internal delegate Task<int> RestartOn(string machineId, string unit, CancellationToken cancel);

    public static Command Create(FleetctlSession session)
    {
        var units = new Argument<string[]>("UNIT...") { Arity = ArgumentArity.ZeroOrMore };
        var attempts = new Option<int>("--block-attempts")
        {
            Description = "Wait until the units are stopped/started, performing up to N attempts before giving up. A value of 0 indicates no limit. Does not apply to global units.",
        };
        var port = new Option<int>("--ssh-port") { Description = "Connect to remote hosts over SSH using this TCP port.", DefaultValueFactory = _ => SshSettings.DefaultPort };
        var command = new Command("restart", "Instruct systemd to rolling restart one or more units in the cluster.") { units, attempts, port };
        command.SetAction((parsed, cancel) => session.RunConnectedAsync(
            parsed,
            connection => RunAsync(
                connection.Api,
                session.Context,
                new(parsed.GetRequiredValue(units), new(parsed.GetValue(attempts), IsNotWaiting: false)),
                (machine, unit, stop) => new MachineCommands(connection, session.Context, parsed.GetValue(port)).RunAsync(machine, ["systemctl", "restart", unit], stop),
                cancel),
            message => $"Error restarting units: {message}",
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(IFleetApi api, AppletContext context, Request request, RestartOn restartOn, CancellationToken cancel)
    {
        if (request.Units.Count == 0)
        {
            await context.Error.WriteLineAsync("No units given".AsMemory(), cancel);
            return ExitCode.Success;
        }

        try
        {
            var (names, _) = await new UnitArguments(api, context, context.Time).CreateAsync(request.Units, isReplacing: false, [], cancel);
            foreach (string name in names)
            {
                if (await RestartAsync(api, context, name, request.Policy, restartOn, cancel) is var code and not 0)
                {
                    return code;
                }
            }

            return ExitCode.Success;
        }
        catch (UnitCreationException failure)
        {
            await context.Error.WriteLineAsync($"Error creating units: {failure.Message}".AsMemory(), cancel);
        }
        catch (UnitWaitException late)
        {
            await context.Error.WriteLineAsync($"Error waiting for units: {late.Message}".AsMemory(), cancel);
            await context.Error.WriteLineAsync($"Error waiting for unit states, exit status: {late.Message}".AsMemory(), cancel);
        }

        return ExitCode.Failure;
    }

    private static async Task<int> RestartAsync(
        IFleetApi api, AppletContext context, string name, WaitPolicy policy, RestartOn restartOn, CancellationToken cancel)
    {
        var unit = await api.FindUnitAsync(name, cancel) ?? throw new UnitWaitException($"Unit {name} not found");
        if (UnitWaiter.IsGlobal(unit))
        {
            return await RestartGlobalAsync(api, context, unit, restartOn, cancel);
        }

        if (unit.CurrentState is null or "inactive")
        {
            await context.Error.WriteLineAsync($"Unable to restart unit {name} in state inactive".AsMemory(), cancel);
            return ExitCode.Success;
        }

        var waiter = new UnitWaiter(api, context);
        if (unit.CurrentState == "launched")
        {
            await api.PutUnitAsync(name, "loaded", null, cancel);
            await waiter.WaitForStateAsync([name], "loaded", policy, cancel);
            await waiter.WaitForStopAsync(name, policy, cancel);
        }

        await api.PutUnitAsync(name, "launched", null, cancel);
        await waiter.WaitForStateAsync([name], "launched", policy, cancel);
        await waiter.WaitForActiveAsync(name, cancel);
        await TellAsync(context, name, cancel);
        return ExitCode.Success;
    }

    private static async Task<int> RestartGlobalAsync(IFleetApi api, AppletContext context, UnitEntry unit, RestartOn restartOn, CancellationToken cancel)
    {
        foreach (string machine in await MachineCommands.FindAsync(api, unit, null, cancel))
        {
            if (!await api.RestartOnAsync(unit.Name, machine, cancel) && await restartOn(machine, unit.Name, cancel) is var code and not 0)
            {
                await context.Error.WriteLineAsync(
                    $"Error restarting global units: Error running systemctl restart. machine id={machine}, unit name={unit.Name}, exit code {code.ToString(CultureInfo.InvariantCulture)}".AsMemory(),
                    cancel);
                return ExitCode.Failure;
            }
        }

        await TellAsync(context, unit.Name, cancel);
        return ExitCode.Success;
    }

    private static Task TellAsync(AppletContext context, string name, CancellationToken cancel)
    {
        string stamp = context.Time.GetLocalNow().ToString("yyyy/MM/dd HH:mm:ss", CultureInfo.InvariantCulture);
        return context.Error.WriteLineAsync($"{stamp} INFO restart.go:100: Unit({name}) was restarted.".AsMemory(), cancel);
    }
}
