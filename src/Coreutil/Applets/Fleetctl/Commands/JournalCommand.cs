using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Coreutil.Applets.Fleetctl.Ssh;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;
using Coreutil.Units.Files;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>The last lines of a unit's output, asked of the fleetd that holds it, or by the original's way where that one cannot tell.</summary>
internal static class JournalCommand
{
    private const string ShortOutput = "short";

    internal sealed record Request(
        IReadOnlyList<string> Units, int Lines = 10, bool IsFollowing = false, string Output = ShortOutput, bool IsSudo = false, string? Machine = null);

    public static Command Create(FleetctlSession session)
    {
        var units = new Argument<string[]>("UNIT") { Arity = ArgumentArity.ZeroOrMore };
        var lines = new Option<int>("--lines") { Description = "Number of recent log lines to return", DefaultValueFactory = _ => 10 };
        var isFollowing = new Option<bool>("--follow", "-f") { Description = "Continuously print new entries as they are appended to the journal." };
        var output = new Option<string>("--output") { Description = "Output mode. This will be passed unaltered to journalctl on the remote host.", DefaultValueFactory = _ => ShortOutput };
        var sudo = new Option<bool>("--sudo") { Description = "Execute journal command with sudo" };
        var port = new Option<int>("--ssh-port") { Description = "Connect to remote hosts over SSH using this TCP port", DefaultValueFactory = _ => SshSettings.DefaultPort };
        var machine = new Option<string?>("--machine") { Description = "Of a global unit: on that machine only.", Hidden = true };
        var command = new Command("journal", "Print the journal of a unit in the cluster to stdout") { units, lines, isFollowing, output, sudo, port, machine };
        command.SetAction((parsed, cancel) => session.RunConnectedAsync(
            parsed,
            connection => RunAsync(
                connection.Api,
                session.Context,
                new(
                    parsed.GetRequiredValue(units), parsed.GetValue(lines), parsed.GetValue(isFollowing), parsed.GetRequiredValue(output),
                    parsed.GetValue(sudo), parsed.GetValue(machine)),
                new MachineCommands(connection, session.Context, parsed.GetValue(port)).RunAsync,
                cancel),
            message => $"Error retrieving journal: {message}",
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(
        IFleetApi api, AppletContext context, Request request, Func<string, ImmutableArray<string>, CancellationToken, Task<int>> runOn, CancellationToken cancel)
    {
        if (request.Units.Count != 1)
        {
            await context.Error.WriteLineAsync("One unit file must be provided.".AsMemory(), cancel);
            return ExitCode.Failure;
        }

        string name = UnitName.Mangle(request.Units[0]);
        var unit = await api.FindUnitAsync(name, cancel);
        var machines = unit is null ? [] : await MachineCommands.FindAsync(api, unit, request.Machine, cancel);
        bool isGlobal = unit is not null && UnitWaiter.IsGlobal(unit);
        string? refusal = unit switch
        {
            null => $"Unit {name} does not exist.",
            _ when machines.IsEmpty || (!isGlobal && unit.CurrentState is null or "inactive") => $"Unit {name} does not appear to be running.",
            _ when machines.Length > 1 && request.IsFollowing => $"Unit {name} runs on {machines.Length} machines: name one with --machine to follow its journal there.",
            _ => null,
        };
        if (refusal is not null)
        {
            await context.Error.WriteLineAsync(refusal.AsMemory(), cancel);
            return ExitCode.Failure;
        }

        foreach (string machine in machines)
        {
            if (isGlobal)
            {
                await context.Out.WriteLineAsync(MachineCommands.Heading(machine, await api.ListMachinesAsync(cancel)).AsMemory(), cancel);
            }

            int code = await ShowAsync(api, context, name, machine, request, runOn, cancel);
            if (code != 0)
            {
                return code;
            }
        }

        return ExitCode.Success;
    }

    private static async Task<int> ShowAsync(
        IFleetApi api, AppletContext context, string name, string machine, Request request,
        Func<string, ImmutableArray<string>, CancellationToken, Task<int>> runOn, CancellationToken cancel)
    {
        // Every other form is journalctl's own business.
        if (request.Output == ShortOutput && await api.OpenJournalAsync(name, machine, request.Lines, request.IsFollowing, cancel) is { } journal)
        {
            await foreach (string line in journal.WithCancellation(cancel))
            {
                await context.Out.WriteLineAsync(line.AsMemory(), cancel);
            }

            return ExitCode.Success;
        }

        string[] sudo = request.IsSudo ? ["sudo"] : [];
        string[] follow = request.IsFollowing ? ["-f"] : [];
        return await runOn(
            machine,
            [.. sudo, "journalctl", "--unit", name, "--no-pager", "-n", request.Lines.ToString(CultureInfo.InvariantCulture), "--output", request.Output, .. follow],
            cancel);
    }
}
