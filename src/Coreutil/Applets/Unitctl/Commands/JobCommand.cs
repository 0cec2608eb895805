using System.CommandLine;
using Coreutil.Supervisor;

namespace Coreutil.Applets.Unitctl.Commands;

/// <summary>start, stop, restart and their like: the same request with another verb; they return when the jobs are done.</summary>
internal static class JobCommand
{
    public static Command Create(UnitctlSession session, string verb, string description)
    {
        var units = UnitctlSession.UnitsArgument();
        var command = new Command(verb, description) { units };
        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            var names = await session.NamesAsync(parsed.GetRequiredValue(units));
            if (verb == "start" && names.Any(UnitPatterns.IsPattern) && !parsed.GetValue(session.Options.All))
            {
                await session.Context.Error.WriteLineAsync("""
                    Warning: unitctl start called with a glob pattern.
                    Hint: unit globs expand to loaded units, so start will usually have no effect.
                          Passing --all will also load units which are pulled in by other units.
                          See unitctl(1) for more details.
                    """);
            }

            var request = new UnitdRequest
            {
                Verb = verb,
                Names = names,
                IsWaiting = !parsed.GetValue(session.Options.IsNotWaiting),
                IsAll = parsed.GetValue(session.Options.All),
            };
            return await session.CallAsync(parsed, request, cancel);
        }));
        return command;
    }
}
