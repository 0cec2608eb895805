using System.CommandLine;
using Coreutil.Fleet.Api;

namespace Coreutil.Applets.Fleetctl.Commands;

internal static class ListMachinesCommand
{
    public static Command Create(FleetctlSession session) => ListCommand.Create(
        session,
        "list-machines",
        "Enumerate the current hosts in the cluster",
        "machine,ip,metadata",
        message => $"Error retrieving list of active machines from fleet API ({message})\nPossible issues:\n  etcd is unhealthy and/or lost quorum\n  connection cannot be established to any etcd servers",
        async (api, request, cancel) => await ListCommand.PrintAsync(
            session.Context, request, Columns(request.IsFull), await api.ListMachinesAsync(cancel), cancel));

    internal static Dictionary<string, Func<MachineEntry, string>> Columns(bool isFull) => new()
    {
        ["machine"] = machine => MachineLegend.ShortId(machine.Id, isFull),
        ["ip"] = machine => ListCommand.OrDash(machine.PrimaryIp),
        ["metadata"] = machine => ListCommand.OrDash(string.Join(',', machine.Metadata.Select(pair => $"{pair.Key}={pair.Value}"))),
    };
}
