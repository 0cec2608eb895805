using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>A machine that vanished will not come back: its units may move, even where so many vanished that the engine waits. An addition of ours.</summary>
internal static class ForgetMachineCommand
{
    public static Command Create(FleetctlSession session)
    {
        var machines = new Argument<string[]>("MACHINE...") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("forget-machine", "Let the units of machines that vanished move") { machines };
        command.Hidden = true;
        command.SetAction((parsed, cancel) => session.RunAsync(
            parsed,
            api => RunAsync(api, session.Context, parsed.GetRequiredValue(machines), cancel),
            message => $"Error forgetting machine: {message}",
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(IFleetApi api, AppletContext context, IReadOnlyList<string> machines, CancellationToken cancel)
    {
        if (machines.Count == 0)
        {
            await context.Error.WriteLineAsync("One machine must be provided, by its full ID".AsMemory(), cancel);
            return ExitCode.Usage;
        }

        var alive = await api.ListMachinesAsync(cancel);
        int code = ExitCode.Success;
        foreach (string id in machines)
        {
            if (alive.Any(machine => machine.Id == id))
            {
                await context.Error.WriteLineAsync($"Machine {id} is alive: stop its fleetd".AsMemory(), cancel);
                code = ExitCode.Failure;
            }
            else if (await api.ForgetMachineAsync(id, cancel))
            {
                await context.Out.WriteLineAsync($"Forgot machine {id}".AsMemory(), cancel);
            }
            else
            {
                await context.Error.WriteLineAsync("This fleetd cannot forget machines: it is not coreutil's".AsMemory(), cancel);
                code = ExitCode.Failure;
            }
        }

        return code;
    }
}
