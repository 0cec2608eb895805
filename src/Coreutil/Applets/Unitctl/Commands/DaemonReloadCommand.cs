using System.CommandLine;
using Coreutil.Supervisor;

namespace Coreutil.Applets.Unitctl.Commands;

internal static class DaemonReloadCommand
{
    public static Command Create(UnitctlSession session)
    {
        var command = new Command("daemon-reload", "Reload unit files");
        command.SetAction((parsed, cancel) => session.CallAsync(parsed, new UnitdRequest { Verb = "daemon-reload" }, cancel));
        return command;
    }
}
