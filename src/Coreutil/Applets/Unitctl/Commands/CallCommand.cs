using System.CommandLine;
using Coreutil.Supervisor;

namespace Coreutil.Applets.Unitctl.Commands;

/// <summary>Verbs that are one request with names, and whose answer is printed as it comes.</summary>
internal static class CallCommand
{
    public static Command Create(UnitctlSession session, string verb, string description, ArgumentArity arity)
    {
        var units = UnitctlSession.UnitsArgument(arity);
        var command = new Command(verb, description);
        if (arity.MaximumNumberOfValues > 0)
        {
            command.Add(units);
        }

        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            string[] given = arity.MaximumNumberOfValues > 0 ? parsed.GetValue(units) ?? [] : [];

            // status and reset-failed of nothing in particular are of everything.
            var names = given.Length == 0 && arity.MaximumNumberOfValues > 0 ? ["*"] : await session.NamesAsync(given);
            var request = new UnitdRequest { Verb = verb, Names = names, Lines = parsed.GetValue(session.Options.Lines), IsAll = parsed.GetValue(session.Options.All) };
            return await session.CallAsync(parsed, request, cancel);
        }));
        return command;
    }
}
