using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;
using Coreutil.Units.Files;

namespace Coreutil.Applets.Fleetctl.Commands;

internal static class DestroyCommand
{
    public static Command Create(FleetctlSession session)
    {
        var units = new Argument<string[]>("UNIT...") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("destroy", "Destroy one or more units in the cluster") { units };
        new WaitOptions("destroy").AddTo(command);
        command.SetAction((parsed, cancel) => session.RunAsync(
            parsed,
            api => RunAsync(api, session.Context, parsed.GetRequiredValue(units), cancel),
            message => $"Error destroying units: {message}",
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(IFleetApi api, AppletContext context, IReadOnlyList<string> units, CancellationToken cancel)
    {
        if (units.Count == 0)
        {
            await context.Error.WriteLineAsync("No units given".AsMemory(), cancel);
            return ExitCode.Success;
        }

        bool hasFound = false;
        foreach (string name in units.Select(UnitName.Mangle))
        {
            if (await api.DeleteUnitAsync(name, cancel))
            {
                hasFound = true;
                await context.Out.WriteLineAsync($"Destroyed {name}".AsMemory(), cancel);
            }
        }

        if (!hasFound)
        {
            await context.Error.WriteLineAsync("Units not found in registry".AsMemory(), cancel);
        }

        return ExitCode.Success;
    }
}
