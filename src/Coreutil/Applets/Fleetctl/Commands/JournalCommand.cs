using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;
using Coreutil.Units.Files;

namespace Coreutil.Applets.Fleetctl.Commands;

internal static class JournalCommand
{
    internal sealed record Request(IReadOnlyList<string> Units, int Lines, bool IsFollowing);

    public static Command Create(FleetctlSession session)
    {
        var units = new Argument<string[]>("UNIT") { Arity = ArgumentArity.ZeroOrMore };
        var lines = new Option<int>("--lines") { Description = "Number of recent log lines to return", DefaultValueFactory = _ => 10 };
        var isFollowing = new Option<bool>("--follow", "-f") { Description = "Continuously print new entries as they are appended to the journal." };
        var output = new Option<string>("--output") { Description = "Output mode. This will be passed unaltered to journalctl on the remote host.", DefaultValueFactory = _ => "short" };
        var sudo = new Option<bool>("--sudo") { Description = "Execute journal command with sudo" };
        var port = new Option<int>("--ssh-port") { Description = "Connect to remote hosts over SSH using this TCP port", DefaultValueFactory = _ => 22 };
        var command = new Command("journal", "Print the journal of a unit in the cluster to stdout") { units, lines, isFollowing, output, sudo, port };
        command.SetAction(async (parsed, cancel) =>
        {
            if (parsed.GetValue(output) != "short")
            {
                await session.Context.Error.WriteLineAsync($"fleetctl: --output={parsed.GetValue(output)} is not built yet");
                return ExitCode.Failure;
            }

            return await session.RunAsync(
                parsed,
                api => RunAsync(api, session.Context, new(parsed.GetRequiredValue(units), parsed.GetValue(lines), parsed.GetValue(isFollowing)), cancel),
                message => $"Error retrieving journal: {message}",
                cancel);
        });
        return command;
    }

    internal static async Task<int> RunAsync(IFleetApi api, AppletContext context, Request request, CancellationToken cancel)
    {
        if (request.Units.Count != 1)
        {
            await context.Error.WriteLineAsync("One unit file must be provided.".AsMemory(), cancel);
            return ExitCode.Failure;
        }

        string name = UnitName.Mangle(request.Units[0]);
        var unit = await api.FindUnitAsync(name, cancel);
        string? refusal = unit switch
        {
            null => $"Unit {name} does not exist.",
            _ when UnitWaiter.IsGlobal(unit) => $"Unable to retrieve journal of global unit {name}.",
            { CurrentState: null or "inactive" } => $"Unit {name} does not appear to be running.",
            _ => null,
        };
        if (refusal is not null)
        {
            await context.Error.WriteLineAsync(refusal.AsMemory(), cancel);
            return ExitCode.Failure;
        }

        await foreach (string line in api.ReadJournalAsync(name, request.Lines, request.IsFollowing, cancel))
        {
            await context.Out.WriteLineAsync(line.AsMemory(), cancel);
        }

        return ExitCode.Success;
    }
}
