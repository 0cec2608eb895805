using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Applets.Fleetctl.Ssh;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;
using Coreutil.Units.Files;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>
/// What systemctl prints of each unit, asked of the fleetd that holds it, or by the original's way where that one cannot tell. The first exit code
/// that is not zero ends the command. A global unit is shown on every machine, whatever one of them says; the original says nothing and exits 0.
/// </summary>
internal static class StatusCommand
{
    internal sealed record Request(IReadOnlyList<string> Units, string? Machine);

    public static Command Create(FleetctlSession session)
    {
        var units = new Argument<string[]>("UNIT...") { Arity = ArgumentArity.ZeroOrMore };
        var port = new Option<int>("--ssh-port") { Description = "Connect to remote hosts over SSH using this TCP port.", DefaultValueFactory = _ => SshSettings.DefaultPort };
        var machine = new Option<string?>("--machine") { Description = "Of a global unit: on that machine only.", Hidden = true };

        // 1.0 answers any unknown flag with its help and exit code 0, and scripts (its own tests) give it this one.
        var noBlock = new Option<bool>("--no-block") { Description = "Has no meaning here.", Hidden = true };
        var command = new Command("status", "Output the status of one or more units in the cluster") { units, port, machine, noBlock };
        command.SetAction((parsed, cancel) => session.RunConnectedAsync(
            parsed,
            connection => RunAsync(
                connection.Api,
                session.Context,
                new(parsed.GetRequiredValue(units), parsed.GetValue(machine)),
                new MachineCommands(connection, session.Context, parsed.GetValue(port)).RunAsync,
                cancel),
            message => $"Error retrieving unit status: {message}",
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(
        IFleetApi api, AppletContext context, Request request, Func<string, ImmutableArray<string>, CancellationToken, Task<int>> runOn, CancellationToken cancel)
    {
        bool isFirst = true;
        foreach (string name in request.Units.Select(UnitName.Mangle))
        {
            var unit = await api.FindUnitAsync(name, cancel);
            var machines = unit is null ? [] : await MachineCommands.FindAsync(api, unit, request.Machine, cancel);
            if (unit is null || machines.IsEmpty || (!UnitWaiter.IsGlobal(unit) && unit.CurrentState is null or "inactive"))
            {
                string why = unit is null ? "does not exist" : "does not appear to be loaded";
                await context.Error.WriteLineAsync($"Unit {name} {why}.".AsMemory(), cancel);
                return ExitCode.Failure;
            }

            foreach (string machine in machines)
            {
                if (!isFirst)
                {
                    await context.Out.WriteLineAsync();
                }

                isFirst = false;
                if (UnitWaiter.IsGlobal(unit))
                {
                    await context.Out.WriteLineAsync(MachineCommands.Heading(machine, await api.ListMachinesAsync(cancel)).AsMemory(), cancel);
                }

                int code = await ShowAsync(api, context, name, machine, runOn, cancel);
                if (code != 0 && !UnitWaiter.IsGlobal(unit))
                {
                    return code;
                }
            }
        }

        return ExitCode.Success;
    }

    private static async Task<int> ShowAsync(
        IFleetApi api, AppletContext context, string name, string machine, Func<string, ImmutableArray<string>, CancellationToken, Task<int>> runOn, CancellationToken cancel)
    {
        if (await api.ReadStatusAsync(name, machine, cancel) is not var (text, code))
        {
            return await runOn(machine, ["systemctl", "status", "-l", name], cancel);
        }

        await context.Out.WriteAsync(text.AsMemory(), cancel);
        return code;
    }
}
