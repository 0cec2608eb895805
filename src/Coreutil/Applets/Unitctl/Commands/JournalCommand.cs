using System.CommandLine;
using System.Globalization;
using Coreutil.Core.Applets;
using Coreutil.Supervisor;
using Coreutil.Supervisor.Journal;

namespace Coreutil.Applets.Unitctl.Commands;

internal static class JournalCommand
{
    public static Command Create(UnitctlSession session)
    {
        var unit = new Argument<string>("UNIT");
        var lines = new Option<string>("--lines", "-n") { Description = "number of lines to show, or all", DefaultValueFactory = _ => "10" };
        var isFollowing = new Option<bool>("--follow", "-f") { Description = "go on with what is written from now on" };
        var priority = new Option<string>("--priority", "-p") { Description = "show this priority and what is more urgent, or a range FROM..TO" };
        var isThisBoot = new Option<bool>("--boot", "-b") { Description = "show only what was written since the machine was booted" };
        var command = new Command("journal", "Show what a unit printed") { unit, lines, isFollowing, priority, isThisBoot };
        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            string count = parsed.GetRequiredValue(lines);
            int number = int.MaxValue;
            if (count != "all" && !(int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out number)))
            {
                throw new UnitdException($"--lines {count} is neither a number nor all");
            }

            string level = parsed.GetValue(priority) ?? "debug";
            var (highest, lowest) = Priorities.ParseRange(level) ?? throw new UnitdException(
                $"--priority {level} is none: emerg, alert, crit, err, warning, notice, info, debug, their numbers 0 to 7, or a range FROM..TO");
            var written = session.Connect(parsed).ReadLinesAsync(
                new UnitdRequest
                {
                    Verb = "journal",
                    Names = await session.NamesAsync([parsed.GetRequiredValue(unit)]),
                    Lines = number,
                    IsFollowing = parsed.GetValue(isFollowing),
                    HighestPriority = highest,
                    LowestPriority = lowest,
                    IsThisBoot = parsed.GetValue(isThisBoot),
                },
                cancel);
            await foreach (string line in written)
            {
                await session.Context.Out.WriteLineAsync(line.AsMemory(), cancel);
            }

            return ExitCode.Success;
        }));
        return command;
    }
}
