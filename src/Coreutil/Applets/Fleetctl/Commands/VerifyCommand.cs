using System.CommandLine;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>Signed units ended with fleet 0.12; the command says so and exits with 2, as the original's.</summary>
internal static class VerifyCommand
{
    public static Command Create(FleetctlSession session)
    {
        var units = new Argument<string[]>("UNIT...") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("verify", "") { units };
        command.SetAction(async (_, cancel) =>
        {
            await session.Context.Error.WriteLineAsync("Command \"verify\" is deprecated, DEPRECATED - No longer works".AsMemory(), cancel);
            await session.Context.Error.WriteLineAsync("WARNING: The signed/verified units feature is DEPRECATED and cannot be used.".AsMemory(), cancel);
            return ExitCode.Usage;
        });
        return command;
    }
}
