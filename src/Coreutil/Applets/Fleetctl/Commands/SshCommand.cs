using System.CommandLine;
using Coreutil.Applets.Fleetctl.Ssh;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;
using Coreutil.Units.Files;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>A shell or a command on a machine, named by itself or by a unit it runs.</summary>
internal static class SshCommand
{
    internal sealed record Request(string? Machine, string? Unit, IReadOnlyList<string> Words, int Port, bool IsForwardingAgent);

    public static Command Create(FleetctlSession session)
    {
        var words = new Argument<string[]>("MACHINE|UNIT [COMMAND]") { Arity = ArgumentArity.ZeroOrMore };
        var machine = new Option<string?>("--machine", "-m") { Description = "Open SSH connection to a specific machine." };
        var unit = new Option<string?>("--unit", "-u") { Description = "Open SSH connection to machine running provided unit." };
        var forward = new Option<bool>("--forward-agent", "-A") { Description = "Forward local ssh-agent to target machine." };
        var port = new Option<int>("--ssh-port") { Description = "Connect to remote hosts over SSH using this TCP port.", DefaultValueFactory = _ => SshSettings.DefaultPort };
        var command = new Command("ssh", "Open interactive shell on a machine in the cluster") { words, machine, unit, forward, port };
        command.SetAction((parsed, cancel) => session.RunConnectedAsync(
            parsed,
            connection => RunAsync(
                connection,
                session.Context,
                new(parsed.GetValue(machine), parsed.GetValue(unit), parsed.GetRequiredValue(words), parsed.GetValue(port), parsed.GetValue(forward)),
                cancel),
            message => $"Unable to proceed: {message}",
            cancel));
        return command;
    }

    private static async Task<int> RunAsync(FleetctlConnection connection, AppletContext context, Request request, CancellationToken cancel)
    {
        var (address, refusal) = await FindAddressAsync(connection.Api, request, cancel);
        if (refusal is not null)
        {
            await context.Error.WriteLineAsync(refusal.AsMemory(), cancel);
            return ExitCode.Failure;
        }

        bool hasTarget = request is { Machine: null, Unit: null };
        string command = string.Join(' ', request.Words.Skip(hasTarget ? 1 : 0).SkipWhile(word => word == "--"));
        var (host, port) = SshSettings.Split(address, request.Port);
        return await connection.Ssh.RunAsync(host, port, request.IsForwardingAgent, command, cancel);
    }

    internal static async Task<(string Address, string? Refusal)> FindAddressAsync(IFleetApi api, Request request, CancellationToken cancel)
    {
        if (request is { Machine: not null, Unit: not null })
        {
            return ("", "Both machine and unit flags provided, please specify only one.");
        }

        if (request is { Machine: null, Unit: null, Words: [] })
        {
            return ("", "Unable to proceed: one machine or unit must be provided");
        }

        string target = request.Machine ?? request.Unit ?? request.Words[0];
        var machines = await api.ListMachinesAsync(cancel);
        MachineEntry[] byId = request.Unit is null ? [.. machines.Where(machine => machine.Id.StartsWith(target, StringComparison.Ordinal))] : [];
        var unit = request.Machine is null ? await api.FindUnitAsync(UnitName.Mangle(target), cancel) : null;
        bool isUnit = unit is not null && !UnitWaiter.IsGlobal(unit) && unit.MachineId is not null;
        if (byId.Length == 1 && isUnit)
        {
            return ("", $"Unable to proceed: ambiguous argument, both machine and unit found for `{target}`.\nPlease use flag `-m` or `-u` to refine the search");
        }

        string? refusal = request switch
        {
            { Machine: not null } when byId.Length != 1 => byId.Length == 0 ? "machine does not exist" : "found more than one machine",
            { Unit: not null } when unit is null => "unit does not exist",
            { Unit: not null } when UnitWaiter.IsGlobal(unit) => "global units unsupported",
            _ when byId.Length != 1 && unit is null => "could not find matching unit or machine",
            _ => null,
        };
        if (refusal is not null)
        {
            return ("", $"Unable to proceed: {refusal}");
        }

        string? address = byId.Length == 1 ? byId[0].PrimaryIp : machines.FirstOrDefault(machine => machine.Id == unit?.MachineId)?.PrimaryIp;
        return string.IsNullOrEmpty(address) ? ("", "Could not determine address of machine.") : (address, null);
    }
}
