using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Supervisor;
using Coreutil.Supervisor.Machine;

namespace Coreutil.Applets.Unitctl.Commands;

internal static class KillCommand
{
    public static Command Create(UnitctlSession session)
    {
        var units = UnitctlSession.UnitsArgument();
        var signal = new Option<string>("--signal", "-s") { Description = "which signal to send", DefaultValueFactory = _ => "SIGTERM" };
        var command = new Command("kill", "Send signal to processes of a unit") { units, signal };
        command.SetAction(async (parsed, cancel) =>
        {
            if (Signals.Parse(parsed.GetRequiredValue(signal)) is not { } number)
            {
                await session.Context.Error.WriteLineAsync($"Failed to parse signal string {parsed.GetValue(signal)}.");
                return ExitCode.Failure;
            }

            var names = parsed.GetRequiredValue(units).Select(UnitctlSession.Complete);
            return await session.CallAsync(parsed, new UnitdRequest { Verb = "kill", Names = [.. names], Signal = number }, cancel);
        });
        return command;
    }
}
