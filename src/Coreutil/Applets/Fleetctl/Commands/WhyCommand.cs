using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;
using Coreutil.Fleet.Api;
using Coreutil.Units.Files;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>Why a unit is where it is, and not elsewhere, in the engine's own reasons. An addition of ours.</summary>
internal static class WhyCommand
{
    public static Command Create(FleetctlSession session)
    {
        var units = new Argument<string[]>("UNIT...") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("why", "Tell why units are on their machine, or on none") { units };
        command.Hidden = true;
        command.SetAction((parsed, cancel) => session.RunAsync(
            parsed,
            api => RunAsync(api, session.Context, parsed.GetRequiredValue(units), cancel),
            message => $"Error asking for reasons: {message}",
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(IFleetApi api, AppletContext context, IReadOnlyList<string> units, CancellationToken cancel)
    {
        if (units.Count == 0)
        {
            await context.Error.WriteLineAsync("No units given".AsMemory(), cancel);
            return ExitCode.Usage;
        }

        var machines = await api.ListMachinesAsync(cancel);
        int code = ExitCode.Success;
        foreach (string name in units.Select(UnitName.Mangle))
        {
            if (await api.FindUnitAsync(name, cancel) is null)
            {
                await context.Error.WriteLineAsync($"Unit {name} does not exist.".AsMemory(), cancel);
                code = ExitCode.Failure;
            }
            else if (await api.ExplainAsync(name, cancel) is { } report)
            {
                await context.Out.WriteAsync(Write(report, machines).AsMemory(), cancel);
            }
            else
            {
                await context.Error.WriteLineAsync("This fleetd gives no reasons: it is not coreutil's. Ask one that is, or use --driver=etcd.".AsMemory(), cancel);
                return ExitCode.Failure;
            }
        }

        return code;
    }

    private static string Write(PlacementReport report, IReadOnlyCollection<MachineEntry> machines) =>
        $"{report.UnitName}: {report.Summary}\n" + ColumnWriter.Format(
        [
            ["MACHINE", "UNITS", "REASON"],
            .. report.Machines.Select(machine => (string[])
            [
                MachineLegend.Of(machine.MachineId, machines, isFull: false),
                machine.Units.ToString(System.Globalization.CultureInfo.InvariantCulture),
                machine.Obstacle ?? (machine.MachineId == report.MachineId ? "it is here" : "fits"),
            ]),
        ]);
}
