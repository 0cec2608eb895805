using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;
using Coreutil.Units.Files;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>What systemctl prints of each unit, asked of the fleetd that holds it; the first exit code that is not zero ends the command.</summary>
internal static class StatusCommand
{
    public static Command Create(FleetctlSession session)
    {
        var units = new Argument<string[]>("UNIT...") { Arity = ArgumentArity.ZeroOrMore };
        var port = new Option<int>("--ssh-port") { Description = "Connect to remote hosts over SSH using this TCP port.", DefaultValueFactory = _ => 22 };
        var command = new Command("status", "Output the status of one or more units in the cluster") { units, port };
        command.SetAction((parsed, cancel) => session.RunAsync(
            parsed,
            api => RunAsync(api, session.Context, parsed.GetRequiredValue(units), cancel),
            message => $"Error retrieving unit status: {message}",
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(IFleetApi api, AppletContext context, IReadOnlyList<string> units, CancellationToken cancel)
    {
        bool isFirst = true;
        foreach (string name in units.Select(UnitName.Mangle))
        {
            var unit = await api.FindUnitAsync(name, cancel);
            if (unit is null || (!UnitWaiter.IsGlobal(unit) && unit.CurrentState is null or "inactive"))
            {
                string why = unit is null ? "does not exist" : "does not appear to be loaded";
                await context.Error.WriteLineAsync($"Unit {name} {why}.".AsMemory(), cancel);
                return ExitCode.Failure;
            }

            if (!isFirst)
            {
                await context.Out.WriteLineAsync();
            }

            isFirst = false;
            var (text, code) = await api.ReadStatusAsync(name, cancel);
            await context.Out.WriteAsync(text.AsMemory(), cancel);
            if (code != 0)
            {
                return code;
            }
        }

        return ExitCode.Success;
    }
}
