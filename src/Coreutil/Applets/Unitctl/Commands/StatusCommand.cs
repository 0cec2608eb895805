using System.CommandLine;
using Coreutil.Supervisor;

namespace Coreutil.Applets.Unitctl.Commands;

internal static class StatusCommand
{
    public static Command Create(UnitctlSession session)
    {
        var units = UnitctlSession.UnitsArgument();
        var lines = new Option<int>("--lines", "-n") { Description = "number of journal entries to show", DefaultValueFactory = _ => 10 };
        var isFull = new Option<bool>("--full", "-l") { Description = "accepted; lines are never shortened" };
        var command = new Command("status", "Show runtime status of one or more units") { units, lines, isFull };
        command.SetAction((parsed, cancel) => session.CallAsync(
            parsed,
            new UnitdRequest { Verb = "status", Names = [.. parsed.GetRequiredValue(units).Select(UnitctlSession.Complete)], Lines = parsed.GetValue(lines) },
            cancel));
        return command;
    }
}
