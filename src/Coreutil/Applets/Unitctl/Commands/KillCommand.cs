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
        var command = new Command("kill", "Send signal to processes of a unit") { units };
        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            string signal = parsed.GetRequiredValue(session.Options.Signal);
            if (Signals.Parse(signal) is not { } number)
            {
                await session.Context.Error.WriteLineAsync($"Failed to parse signal string \"{signal}\".");
                return ExitCode.Failure;
            }

            var request = new UnitdRequest
            {
                Verb = "kill",
                Names = await session.NamesAsync(parsed.GetRequiredValue(units)),
                Signal = number,
                Who = parsed.GetRequiredValue(session.Options.Who),
            };
            return await session.CallAsync(parsed, request, cancel);
        }));
        return command;
    }
}
