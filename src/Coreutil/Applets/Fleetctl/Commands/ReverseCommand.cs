using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;
using Coreutil.Units.Files;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>stop and unload: send known units back; units that are there already are passed over.</summary>
internal static class ReverseCommand
{
    internal sealed record Request(string Verb, string Past, string TargetState, IReadOnlyList<string> Units, WaitPolicy Policy);

    public static Command CreateStop(FleetctlSession session) => Create(
        session, "stop", "Instruct systemd to stop one or more units in the cluster.", "stopped", "loaded");

    public static Command CreateUnload(FleetctlSession session) => Create(
        session, "unload", "Unschedule one or more units in the cluster.", "unloaded", "inactive");

    private static Command Create(FleetctlSession session, string verb, string description, string past, string targetState)
    {
        var units = new Argument<string[]>("UNIT...") { Arity = ArgumentArity.ZeroOrMore };
        var wait = new WaitOptions(verb);
        var command = new Command(verb, description) { units };
        wait.AddTo(command);
        command.SetAction((parsed, cancel) => session.RunAsync(
            parsed,
            api => RunAsync(api, session.Context, new(verb, past, targetState, parsed.GetRequiredValue(units), wait.Read(parsed)), cancel),
            message => $"Error retrieving units from repository: {message}",
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(IFleetApi api, AppletContext context, Request request, CancellationToken cancel)
    {
        if (request.Units.Count == 0)
        {
            await context.Error.WriteLineAsync("No units given".AsMemory(), cancel);
            return ExitCode.Success;
        }

        var known = new List<UnitEntry>();
        foreach (string argument in request.Units)
        {
            if (await api.FindUnitAsync(UnitName.Mangle(argument), cancel) is { } unit)
            {
                known.Add(unit);
            }
        }

        if (known.Count == 0)
        {
            await context.Error.WriteLineAsync("Units not found in registry".AsMemory(), cancel);
            return ExitCode.Success;
        }

        int code = ExitCode.Success;
        var moving = ImmutableArray.CreateBuilder<string>();
        foreach (var unit in known)
        {
            if (request.Verb == "stop" && !UnitWaiter.IsGlobal(unit) && unit.CurrentState is "inactive" && unit.DesiredState == "inactive")
            {
                await context.Error.WriteLineAsync($"Unable to stop unit {unit.Name} in state inactive".AsMemory(), cancel);
                code = ExitCode.Failure;
            }
            else if (unit.DesiredState != request.TargetState && !(request.Verb == "stop" && unit.DesiredState == "inactive"))
            {
                moving.Add(unit.Name);
            }
        }

        var sent = await UnitTargets.SetAsync(api, context, moving, request.TargetState, request.Verb, cancel);
        if (request.Policy.IsNotWaiting)
        {
            foreach (string name in sent)
            {
                await context.Out.WriteLineAsync($"Triggered unit {name} {request.Verb}".AsMemory(), cancel);
            }

            return code;
        }

        try
        {
            await new UnitWaiter(api, context).WaitForStateAsync(sent, request.TargetState, request.Policy, cancel);
        }
        catch (UnitWaitException late)
        {
            await context.Error.WriteLineAsync($"Error waiting for units: {late.Message}".AsMemory(), cancel);
            return ExitCode.Failure;
        }

        if (code == ExitCode.Success)
        {
            await context.Error.WriteLineAsync($"Successfully {request.Past} units [{string.Join(' ', sent)}].".AsMemory(), cancel);
        }

        return code;
    }
}
