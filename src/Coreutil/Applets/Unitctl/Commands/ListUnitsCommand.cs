using System.CommandLine;
using System.Globalization;
using System.Text;
using Coreutil.Core.Applets;
using Coreutil.Supervisor;
using Coreutil.Units.Files;

namespace Coreutil.Applets.Unitctl.Commands;

internal static class ListUnitsCommand
{
    private static readonly string[] _types = ["service", "mount", "swap", "socket", "target", "device", "automount", "timer", "path", "slice", "scope"];
    private static readonly string[] _loadStates = ["stub", "loaded", "not-found", "bad-setting", "error", "merged", "masked"];

    public static Command Create(UnitctlSession session)
    {
        var patterns = new Argument<string[]>("PATTERN") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("list-units", "List units currently in memory") { patterns };
        command.SetAction((parsed, cancel) => session.TryAsync(() => RunAsync(session, parsed, parsed.GetValue(patterns) ?? [], cancel)));
        return command;
    }

    internal static async Task<int> RunAsync(UnitctlSession session, ParseResult parsed, string[] patterns, CancellationToken cancel)
    {
        string[] types = UnitctlSession.Words(parsed.GetValue(session.Options.Types));
        if (types.FirstOrDefault(type => !_types.Contains(type) && !_loadStates.Contains(type)) is { } unknown)
        {
            await session.Context.Error.WriteLineAsync($"Unknown unit type or load state '{unknown}'.\nUse one of {string.Join(' ', _types)}, or a load state: {string.Join(' ', _loadStates)}.");
            return ExitCode.Failure;
        }

        bool isAll = parsed.GetValue(session.Options.All);
        string[] states = [.. UnitctlSession.Words(parsed.GetValue(session.Options.States)), .. parsed.GetValue(session.Options.Failed) ? (string[])["failed"] : [], .. types.Where(_loadStates.Contains)];
        types = [.. types.Where(type => !_loadStates.Contains(type))];
        var request = new UnitdRequest { Verb = "list-units", Names = [.. patterns], IsAll = isAll || states.Length > 0 };
        var rows = (await session.Connect(parsed).CallAsync(request, cancel)).Units.Where(row =>
            (types.Length == 0 || types.Contains(UnitName.Suffix(row.Name)))
            && (states.Length == 0 || states.Contains(row.LoadState) || states.Contains(row.ActiveState) || states.Contains(row.SubState))).ToArray();
        string text = Format(rows, session.HasLegend(parsed), parsed.GetValue(session.Options.IsPlain), isAll, states.Length > 0);
        await session.Context.Out.WriteAsync(text.AsMemory(), cancel);
        return ExitCode.Success;
    }

    internal static string Format(IReadOnlyCollection<UnitRow> rows, bool hasLegend, bool isPlain, bool isAll, bool isByState)
    {
        bool hasJobs = rows.Any(row => row.Job.Length > 0);
        var cells = rows.Select(row => Cells(isPlain, hasJobs, IsConspicuous(row) ? "●" : " ", row.Name, row.LoadState, row.ActiveState, row.SubState, row.Job, row.Description));
        string table = SystemctlTable.Format(hasLegend ? cells.Prepend(Cells(isPlain, hasJobs, " ", "UNIT", "LOAD", "ACTIVE", "SUB", "JOB", "DESCRIPTION")) : cells);
        if (!hasLegend)
        {
            return table;
        }

        var text = new StringBuilder(table);
        if (rows.Count > 0)
        {
            text.Append('\n')
                .Append("LOAD   = Reflects whether the unit definition was properly loaded.\n")
                .Append("ACTIVE = The high-level unit activation state, i.e. generalization of SUB.\n")
                .Append("SUB    = The low-level unit activation state, values depend on unit type.\n");
            if (hasJobs)
            {
                text.Append("JOB    = Pending job for the unit.\n\n");
            }
        }

        text.Append(CultureInfo.InvariantCulture, $"{rows.Count} loaded units listed.{(isAll || isByState ? "" : " Pass --all to see loaded but inactive units, too.")}\n");
        return text.Append(isByState ? "" : "To show all installed unit files use 'unitctl list-unit-files'.\n").ToString();
    }

    private static string[] Cells(bool isPlain, bool hasJobs, string dot, string name, string load, string active, string sub, string job, string description) =>
        [.. isPlain ? (string[])[] : [dot], name, load, active, sub, .. hasJobs ? (string[])[job] : [], description];

    private static bool IsConspicuous(UnitRow row) => row.ActiveState == "failed" || row.LoadState is "error" or "not-found" or "bad-setting" or "masked";
}
