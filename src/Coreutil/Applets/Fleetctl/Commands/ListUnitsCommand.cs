using System.CommandLine;
using Coreutil.Fleet.Api;

namespace Coreutil.Applets.Fleetctl.Commands;

internal static class ListUnitsCommand
{
    public static Command Create(FleetctlSession session) => ListCommand.Create(
        session,
        "list-units",
        "List the current state of units in the cluster",
        "unit,machine,active,sub",
        message => $"Error retrieving list of units from repository: {message}",
        async (api, request, cancel) =>
        {
            var states = await api.ListStatesAsync(cancel);
            var machines = await api.ListMachinesAsync(cancel);
            return await ListCommand.PrintAsync(session.Context, request, Columns(machines, request.IsFull), states, cancel);
        });

    internal static Dictionary<string, Func<UnitStateEntry, string>> Columns(IReadOnlyCollection<MachineEntry> machines, bool isFull) => new()
    {
        ["unit"] = state => state.Name,
        ["machine"] = state => ListCommand.OrDash(MachineLegend.Of(state.MachineId, machines, isFull)),
        ["load"] = state => ListCommand.OrDash(state.LoadState),
        ["active"] = state => ListCommand.OrDash(state.ActiveState),
        ["sub"] = state => ListCommand.OrDash(state.SubState),
        ["container"] = state => ListCommand.OrDash(state.Container?.ToString()),
        ["hash"] = state => ListCommand.OrDash(isFull || state.Hash.Length <= 7 ? state.Hash : state.Hash[..7]),
    };
}
