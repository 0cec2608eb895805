using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Supervisor;

namespace Coreutil.Applets.Unitctl.Commands;

internal static class ListUnitsCommand
{
    public static Command Create(UnitctlSession session)
    {
        var hasNoLegend = new Option<bool>("--no-legend") { Description = "do not print a legend (column headers and hints)" };
        var command = new Command("list-units", "List units currently in memory") { hasNoLegend };
        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            var reply = await session.Connect(parsed).CallAsync(new UnitdRequest { Verb = "states" }, cancel);
            string[][] rows = [.. reply.Units.Select(row => new[] { row.Name, row.LoadState, row.ActiveState, row.SubState, row.Description })];
            bool hasLegend = !parsed.GetValue(hasNoLegend);
            string[][] all = hasLegend ? [["UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"], .. rows] : rows;
            int[] widths = [.. Enumerable.Range(0, 4).Select(column => all.Select(row => row[column].Length).DefaultIfEmpty().Max())];
            foreach (string[] row in all)
            {
                string padded = string.Concat(row.Take(4).Select((cell, column) => cell.PadRight(widths[column] + 1)));
                await session.Context.Out.WriteLineAsync($"  {padded}{row[4]}".AsMemory(), cancel);
            }

            if (hasLegend)
            {
                await session.Context.Out.WriteLineAsync($"\n{rows.Length} loaded units listed.".AsMemory(), cancel);
            }

            return ExitCode.Success;
        }));
        return command;
    }
}
