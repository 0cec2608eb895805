using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Coreutil.Core.Applets;
using Coreutil.Supervisor;
using Coreutil.Units.Files;

namespace Coreutil.Applets.Unitctl.Commands;

/// <summary>The lists of timers, sockets and unit files: titles, rows, and how many they are.</summary>
internal static class ListCommand
{
    public static Command CreateTimers(UnitctlSession session) => Create(
        session, "list-timers", "List timer units currently in memory, ordered by next elapse", "timers", ["NEXT", "LEFT", "LAST", "PASSED", "UNIT", "ACTIVATES"]);

    public static Command CreateSockets(UnitctlSession session) => Create(
        session, "list-sockets", "List socket units currently in memory, ordered by address", "sockets", ["LISTEN", "UNIT", "ACTIVATES"]);

    public static Command CreateFiles(UnitctlSession session)
    {
        var patterns = Patterns();
        var command = new Command("list-unit-files", "List installed unit files") { patterns };
        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            string[] types = UnitctlSession.Words(parsed.GetValue(session.Options.Types));
            string[] states = UnitctlSession.Words(parsed.GetValue(session.Options.States));
            var rows = (await ReadAsync(session, parsed, "list-unit-files", parsed.GetValue(patterns), cancel))
                .Where(row => (types.Length == 0 || types.Contains(UnitName.Suffix(row[0]))) && (states.Length == 0 || states.Contains(row[1]))).ToImmutableArray();
            await WriteAsync(session, parsed, ["UNIT FILE", "STATE", "PRESET"], rows, $"{rows.Length.ToString(CultureInfo.InvariantCulture)} unit files listed.\n", cancel);
            return rows.IsEmpty && parsed.GetValue(patterns) is { Length: > 0 } ? ExitCode.Failure : ExitCode.Success;
        }));
        return command;
    }

    private static Command Create(UnitctlSession session, string verb, string description, string what, ImmutableArray<string> titles)
    {
        var patterns = Patterns();
        var command = new Command(verb, description) { patterns };
        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            var rows = await ReadAsync(session, parsed, verb, parsed.GetValue(patterns), cancel);
            string hint = parsed.GetValue(session.Options.All) ? "" : $"Pass --all to see loaded but inactive {what}, too.\n";
            await WriteAsync(session, parsed, titles, rows, $"{rows.Length.ToString(CultureInfo.InvariantCulture)} {what} listed.\n{hint}", cancel);
            return ExitCode.Success;
        }));
        return command;
    }

    private static Argument<string[]> Patterns() => new("PATTERN") { Arity = ArgumentArity.ZeroOrMore };

    private static async Task<ImmutableArray<ImmutableArray<string>>> ReadAsync(UnitctlSession session, ParseResult parsed, string verb, string[]? patterns, CancellationToken cancel) =>
        (await session.Connect(parsed).CallAsync(new UnitdRequest { Verb = verb, Names = [.. patterns ?? []], IsAll = parsed.GetValue(session.Options.All) }, cancel)).Rows;

    private static async Task WriteAsync(
        UnitctlSession session, ParseResult parsed, ImmutableArray<string> titles, ImmutableArray<ImmutableArray<string>> rows, string ending, CancellationToken cancel)
    {
        bool hasLegend = session.HasLegend(parsed);
        string table = SystemctlTable.Format([.. hasLegend ? [titles] : ImmutableArray<ImmutableArray<string>>.Empty, .. rows]);
        await session.Context.Out.WriteAsync((hasLegend ? $"{table}\n{ending}" : table).AsMemory(), cancel);
    }
}
