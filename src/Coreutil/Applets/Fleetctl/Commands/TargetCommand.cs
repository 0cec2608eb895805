using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>submit, load and start: create what is missing, then send the units to a state and wait for them there.</summary>
internal static class TargetCommand
{
    internal sealed record Request(string Verb, string? TargetState, IReadOnlyList<string> Units, bool IsReplacing, WaitPolicy Policy);

    public static Command CreateSubmit(FleetctlSession session) => Create(
        session, "submit", "Upload one or more units to the cluster without starting them", null);

    public static Command CreateLoad(FleetctlSession session) => Create(
        session, "load", "Schedule one or more units in the cluster, first submitting them if necessary.", "loaded");

    public static Command CreateStart(FleetctlSession session) => Create(
        session, "start", "Instruct systemd to start one or more units in the cluster, first submitting and loading if necessary.", "launched");

    private static Command Create(FleetctlSession session, string verb, string description, string? targetState)
    {
        var units = new Argument<string[]>("UNIT...") { Arity = ArgumentArity.ZeroOrMore };
        var isReplacing = new Option<bool>("--replace") { Description = "Replace the old units in the cluster with new versions." };
        var wait = new WaitOptions(verb);
        var isSigning = new Option<bool>("--sign") { Description = "DEPRECATED - this option cannot be used" };
        var command = new Command(verb, description) { units, isReplacing, isSigning };
        if (targetState is not null)
        {
            wait.AddTo(command);
        }

        command.SetAction((parsed, cancel) => session.RunAsync(
            parsed,
            api => RunAsync(
                api, session.Context, new(verb, targetState, parsed.GetRequiredValue(units), parsed.GetValue(isReplacing), wait.Read(parsed)), cancel),
            message => targetState is null ? $"Error creating units: {message}" : $"Error {Ing(verb)} units: {message}",
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

        var waiter = new UnitWaiter(api, context);
        try
        {
            var (names, created) = await new UnitArguments(api, context, context.Time).CreateAsync(request.Units, request.IsReplacing, ReplaceableStates(request.TargetState), cancel);
            await waiter.WaitForCreationAsync(created, cancel);
            return request.TargetState is null ? ExitCode.Success : await SendAsync(api, context, waiter, request, names, cancel);
        }
        catch (UnitCreationException failure)
        {
            await context.Error.WriteLineAsync($"Error creating units: {failure.Message}".AsMemory(), cancel);
            return ExitCode.Failure;
        }
    }

    private static async Task<int> SendAsync(
        IFleetApi api, AppletContext context, UnitWaiter waiter, Request request, ImmutableArray<string> names, CancellationToken cancel)
    {
        var sent = await UnitTargets.SetAsync(api, context, names, request.TargetState!, request.Verb, cancel);
        if (request.Policy.IsNotWaiting)
        {
            foreach (string name in sent)
            {
                await context.Out.WriteLineAsync($"Triggered unit {name} {request.Verb}".AsMemory(), cancel);
            }

            return ExitCode.Success;
        }

        try
        {
            await waiter.WaitForStateAsync(sent, request.TargetState!, request.Policy, cancel);
        }
        catch (UnitWaitException late)
        {
            await context.Error.WriteLineAsync($"Error waiting for units: {late.Message}".AsMemory(), cancel);
            await context.Error.WriteLineAsync($"Error waiting for unit states, exit status: {late.Message}".AsMemory(), cancel);
            return ExitCode.Failure;
        }

        if (request.TargetState != "launched")
        {
            return ExitCode.Success;
        }

        try
        {
            await Task.WhenAll(sent.Select(name => waiter.WaitForActiveAsync(name, cancel)));
            return ExitCode.Success;
        }
        catch (UnitWaitException late)
        {
            await context.Error.WriteLineAsync($"Error waiting for units: {late.Message}".AsMemory(), cancel);
            await context.Error.WriteLineAsync($"Error waiting for systemd unit states, err: {late.Message}".AsMemory(), cancel);
            return ExitCode.Failure;
        }
    }

    /// <summary>A command may replace the content of a unit only where it could have brought the unit itself (fleet 1.0).</summary>
    private static ImmutableArray<string> ReplaceableStates(string? targetState) => targetState switch
    {
        null => ["inactive"],
        "loaded" => ["inactive", "loaded"],
        _ => ["inactive", "loaded", "launched"],
    };

    private static string Ing(string verb) => $"{verb}ing";
}
