using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;
using Coreutil.Fleet.Api;
using Coreutil.Fleet.Machines;

namespace Coreutil.Applets.Fleetctl;

/// <summary>The original's way to a machine: its command here where this is the machine, else over ssh.</summary>
internal sealed class MachineCommands(FleetctlConnection connection, AppletContext context, int sshPort)
{
    private string? _localId;

    /// <summary>Runs a command on a machine with our own streams and gives its exit code.</summary>
    public async Task<int> RunAsync(string machineId, ImmutableArray<string> command, CancellationToken cancel)
    {
        if (machineId == LocalId)
        {
            return await LocalCommand.RunAsync(command, cancel);
        }

        var machine = (await connection.Api.ListMachinesAsync(cancel)).FirstOrDefault(machine => machine.Id == machineId);
        if (machine?.PrimaryIp is not { Length: > 0 } address)
        {
            await context.Error.WriteLineAsync($"Error getting machine IP: Machine({machineId}) {(machine is null ? "does not exist" : "has no address")}".AsMemory(), cancel);
            return ExitCode.Failure;
        }

        // The words after the first are quoted as Go does it, and read by the shell there.
        var words = command.Skip(command[0] == "sudo" ? 2 : 1).Select(GoQuote.Quote);
        string line = string.Join(' ', command.Take(command[0] == "sudo" ? 2 : 1).Concat(words));
        return await connection.Ssh.RunAsync(address, sshPort, isForwardingAgent: false, line, cancel);
    }

    private string LocalId => _localId ??= File.Exists(LocalMachine.MachineIdFile) ? File.ReadAllText(LocalMachine.MachineIdFile).Trim() : "";

    /// <summary>The machines that a command on a unit is for: the one that holds it, or for a global unit all that run it, or the asked one.</summary>
    public static async Task<ImmutableArray<string>> FindAsync(IFleetApi api, UnitEntry unit, string? asked, CancellationToken cancel)
    {
        ImmutableArray<string> all = UnitWaiter.IsGlobal(unit)
            ? [.. (await api.ListStatesAsync(cancel)).Where(state => state.Name == unit.Name).Select(state => state.MachineId)]
            : unit.MachineId is { } one ? [one] : [];
        return asked is null ? all : [.. all.Where(id => id.StartsWith(asked, StringComparison.Ordinal))];
    }

    public static string Heading(string machineId, IEnumerable<MachineEntry> machines) =>
        string.Create(CultureInfo.InvariantCulture, $"==> {MachineLegend.Of(machineId, machines, isFull: false)} <==");
}
