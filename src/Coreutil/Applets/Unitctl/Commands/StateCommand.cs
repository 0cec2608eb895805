using System.CommandLine;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.Unitctl.Commands;

/// <summary>is-active and is-failed: the states, a line each, and success where one of them is the one asked for.</summary>
internal static class StateCommand
{
    public static Command Create(UnitctlSession session, string verb, string description, Func<string, bool> isIt, int otherwise)
    {
        var units = UnitctlSession.UnitsArgument();
        var command = new Command(verb, description) { units };
        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            var names = await session.NamesAsync(parsed.GetRequiredValue(units));
            var reply = await ShowCommand.CallAsync(session, parsed, names, cancel);
            string[] states = [.. ShowCommand.Lines(reply).Where(property => property.Key == "ActiveState").Select(property => property.Value)];
            foreach (string state in parsed.GetValue(session.Options.IsQuiet) ? [] : states)
            {
                await session.Context.Out.WriteLineAsync(state.AsMemory(), cancel);
            }

            return states.Any(isIt) ? ExitCode.Success : otherwise;
        }));
        return command;
    }
}
