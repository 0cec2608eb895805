using System.CommandLine;
using Coreutil.Supervisor;

namespace Coreutil.Applets.Unitctl.Commands;

internal static class CatCommand
{
    public static Command Create(UnitctlSession session)
    {
        var units = UnitctlSession.UnitsArgument();
        var command = new Command("cat", "Show files of one or more units") { units };
        command.SetAction((parsed, cancel) => session.CallAsync(
            parsed, new UnitdRequest { Verb = "cat", Names = [.. parsed.GetRequiredValue(units).Select(UnitctlSession.Complete)] }, cancel));
        return command;
    }
}
