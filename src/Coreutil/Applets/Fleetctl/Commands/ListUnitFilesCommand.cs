using System.CommandLine;
using Coreutil.Fleet.Api;

namespace Coreutil.Applets.Fleetctl.Commands;

internal static class ListUnitFilesCommand
{
    public static Command Create(FleetctlSession session) => ListCommand.Create(
        session,
        "list-unit-files",
        "List the units that exist in the cluster.",
        "unit,hash,dstate,state,target",
        message => $"Error retrieving list of units from repository: {message}",
        async (api, request, cancel) =>
        {
            if (request.Fields.Split(',').Contains("tmachine"))
            {
                await session.Context.Error.WriteLineAsync("WARNING: The \"tmachine\" field is deprecated. Use \"target\" instead".AsMemory(), cancel);
            }

            var units = await api.ListUnitsAsync(cancel);
            var machines = await api.ListMachinesAsync(cancel);
            return await ListCommand.PrintAsync(session.Context, request, Columns(machines, request.IsFull), units, cancel);
        });

    internal static Dictionary<string, Func<UnitEntry, string>> Columns(IReadOnlyCollection<MachineEntry> machines, bool isFull) => new()
    {
        ["unit"] = unit => unit.Name,
        ["hash"] = unit => Convert.ToHexStringLower(unit.File.Hash())[..(isFull ? 40 : 7)],
        ["dstate"] = unit => ListCommand.OrDash(unit.DesiredState),
        ["state"] = unit => UnitWaiter.IsGlobal(unit) ? "-" : ListCommand.OrDash(unit.CurrentState),
        ["target"] = unit => UnitWaiter.IsGlobal(unit) ? "global" : MachineOf(unit, machines, isFull),
        ["tmachine"] = unit => MachineOf(unit, machines, isFull),
        ["desc"] = unit => ListCommand.OrDash(unit.File.Values("Unit", "Description").FirstOrDefault()),
        ["global"] = unit => UnitWaiter.IsGlobal(unit) ? "true" : "false",
    };

    private static string MachineOf(UnitEntry unit, IReadOnlyCollection<MachineEntry> machines, bool isFull) =>
        unit.MachineId is { Length: > 0 } id ? MachineLegend.Of(id, machines, isFull) : "-";
}
