using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Supervisor;

namespace Coreutil.Applets.Unitctl.Commands;

/// <summary>enable, disable, mask and unmask: what was linked is said on standard error, as systemctl does.</summary>
internal static class InstallCommand
{
    /// <param name="session">The client.</param>
    /// <param name="verb">Its name.</param>
    /// <param name="description">For the help.</param>
    /// <param name="next">What --now does besides.</param>
    public static Command Create(UnitctlSession session, string verb, string description, string? next)
    {
        var units = UnitctlSession.UnitsArgument();
        var command = new Command(verb, description) { units };
        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            string[] given = parsed.GetRequiredValue(units);
            var names = await session.NamesAsync(given);
            if (names.FirstOrDefault(UnitPatterns.IsPattern) is { } pattern)
            {
                throw new UnitdException($"{verb} takes no patterns: {pattern}");
            }

            var client = session.Connect(parsed);
            var reply = await client.CallAsync(new UnitdRequest { Verb = verb, Names = names, IsForced = parsed.GetValue(session.Options.IsForced) }, cancel);
            if (reply.Error.Length > 0 && (reply.ExitCode != 0 || !parsed.GetValue(session.Options.IsQuiet)))
            {
                await session.Context.Error.WriteLineAsync(reply.Error.AsMemory(), cancel);
            }

            return reply.ExitCode == ExitCode.Success && next is not null && parsed.GetValue(session.Options.IsNow)
                ? await session.CallAsync(parsed, new UnitdRequest { Verb = next, Names = names, IsWaiting = !parsed.GetValue(session.Options.IsNotWaiting) }, cancel)
                : reply.ExitCode;
        }));
        return command;
    }
}
