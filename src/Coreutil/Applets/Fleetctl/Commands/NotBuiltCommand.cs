using System.CommandLine;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>Commands of the original that are declared and say that they are not built yet.</summary>
internal static class NotBuiltCommand
{
    public static Command Create(FleetctlSession session, string name, string description)
    {
        var words = new Argument<string[]>("...") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command(name, description) { words };
        command.SetAction(async (_, cancel) =>
        {
            await session.Context.Error.WriteLineAsync($"fleetctl: {name} is not built yet".AsMemory(), cancel);
            return ExitCode.Failure;
        });
        return command;
    }
}
