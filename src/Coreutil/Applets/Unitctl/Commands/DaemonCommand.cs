using System.CommandLine;
using Coreutil.Supervisor;

namespace Coreutil.Applets.Unitctl.Commands;

/// <summary>What concerns unitd itself and no unit.</summary>
internal static class DaemonCommand
{
    public static Command Create(UnitctlSession session, string verb, string description)
    {
        var command = new Command(verb, description);
        command.SetAction((parsed, cancel) => session.CallAsync(parsed, new UnitdRequest { Verb = verb }, cancel));
        return command;
    }
}
