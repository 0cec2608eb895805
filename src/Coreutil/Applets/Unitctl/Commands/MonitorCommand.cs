using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Supervisor;

namespace Coreutil.Applets.Unitctl.Commands;

internal static class MonitorCommand
{
    public static Command Create(UnitctlSession session)
    {
        var command = new Command("monitor", "Show every change of a unit's state from now on: name, load, active and sub state");
        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            await foreach (string line in session.Connect(parsed).ReadLinesAsync(new UnitdRequest { Verb = "monitor" }, cancel))
            {
                await session.Context.Out.WriteLineAsync(line.AsMemory(), cancel);
                await session.Context.Out.FlushAsync(cancel);
            }

            return ExitCode.Success;
        }));
        return command;
    }
}
