using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;
using Coreutil.Units.Files;

namespace Coreutil.Applets.Fleetctl.Commands;

internal static class CatCommand
{
    public static Command Create(FleetctlSession session)
    {
        var units = new Argument<string[]>("UNIT") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("cat", "Output the contents of a submitted unit") { units };
        command.SetAction((parsed, cancel) => session.RunAsync(
            parsed,
            api => RunAsync(api, session.Context, parsed.GetRequiredValue(units), cancel),
            message => $"Error retrieving Unit {UnitName.Mangle(parsed.GetRequiredValue(units).FirstOrDefault() ?? "")}: {message}",
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(IFleetApi api, AppletContext context, IReadOnlyList<string> units, CancellationToken cancel)
    {
        if (units.Count != 1)
        {
            await context.Error.WriteLineAsync("One unit file must be provided".AsMemory(), cancel);
            return ExitCode.Failure;
        }

        string name = UnitName.Mangle(units[0]);
        if (await api.FindUnitAsync(name, cancel) is not { } unit)
        {
            await context.Error.WriteLineAsync($"Unit {name} not found".AsMemory(), cancel);
            return ExitCode.Failure;
        }

        await context.Out.WriteAsync(unit.File.Serialise().AsMemory(), cancel);
        return ExitCode.Success;
    }
}
