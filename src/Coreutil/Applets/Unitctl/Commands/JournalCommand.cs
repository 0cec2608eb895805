using System.CommandLine;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.Unitctl.Commands;

internal static class JournalCommand
{
    public static Command Create(UnitctlSession session)
    {
        var unit = new Argument<string>("UNIT");
        var lines = new Option<int>("--lines", "-n") { Description = "number of lines to show", DefaultValueFactory = _ => 10 };
        var isFollowing = new Option<bool>("--follow", "-f") { Description = "go on with what is written from now on" };
        var command = new Command("journal", "Show what a unit printed") { unit, lines, isFollowing };
        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            var journal = session.Connect(parsed).ReadJournalAsync(
                UnitctlSession.Complete(parsed.GetRequiredValue(unit)), parsed.GetValue(lines), parsed.GetValue(isFollowing), cancel);
            await foreach (string line in journal)
            {
                await session.Context.Out.WriteLineAsync(line.AsMemory(), cancel);
            }

            return ExitCode.Success;
        }));
        return command;
    }
}
