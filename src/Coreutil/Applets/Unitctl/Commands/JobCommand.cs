using System.CommandLine;
using Coreutil.Supervisor;

namespace Coreutil.Applets.Unitctl.Commands;

/// <summary>start, stop, restart, reset-failed: the same request with another verb; they return when the jobs are done.</summary>
internal static class JobCommand
{
    public static Command Create(UnitctlSession session, string verb, string description)
    {
        var units = UnitctlSession.UnitsArgument();
        var isNotWaiting = new Option<bool>("--no-block") { Description = "do not wait until the operation is finished" };
        var command = new Command(verb, description) { units, isNotWaiting };
        command.SetAction((parsed, cancel) => session.CallAsync(
            parsed,
            new UnitdRequest
            {
                Verb = verb,
                Names = [.. parsed.GetRequiredValue(units).Select(UnitctlSession.Complete)],
                IsWaiting = !parsed.GetValue(isNotWaiting),
            },
            cancel));
        return command;
    }
}
