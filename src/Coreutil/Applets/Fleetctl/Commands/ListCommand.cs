using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;
using Coreutil.Fleet.Api;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>What the three lists share: --fields, --full, --no-legend and the table.</summary>
internal static class ListCommand
{
    internal sealed record Request(string Fields, bool IsFull, bool HasNoLegend);

    /// <summary>Reads the rows; each function gives a cell of a row.</summary>
    internal delegate Task<int> Run(IFleetApi api, Request request, CancellationToken cancel);

    public static Command Create(
        FleetctlSession session, string name, string description, string defaultFields, Func<string, string> describeFailure, Run run)
    {
        var fields = new Option<string>("--fields") { Description = "Columns to print.", DefaultValueFactory = _ => defaultFields };
        var isFull = new Option<bool>("--full", "-l") { Description = "Do not ellipsize fields on output" };
        var hasNoLegend = new Option<bool>("--no-legend") { Description = "Do not print a legend (column headers)" };
        var command = new Command(name, description) { fields, isFull, hasNoLegend };
        command.SetAction((parsed, cancel) => session.RunAsync(
            parsed,
            api => run(api, new(parsed.GetValue(fields) ?? "", parsed.GetValue(isFull), parsed.GetValue(hasNoLegend)), cancel),
            describeFailure,
            cancel));
        return command;
    }

    /// <summary>Prints the chosen columns; a name that is no column is refused in the original's words.</summary>
    public static async Task<int> PrintAsync<T>(
        AppletContext context, Request request, IReadOnlyDictionary<string, Func<T, string>> columns, IEnumerable<T> rows, CancellationToken cancel)
    {
        string[] chosen = request.Fields.Split(',');
        if (request.Fields.Length == 0)
        {
            await context.Error.WriteLineAsync("Must define output format".AsMemory(), cancel);
            return ExitCode.Failure;
        }

        if (chosen.FirstOrDefault(field => !columns.ContainsKey(field)) is { } unknown)
        {
            await context.Error.WriteLineAsync($"Invalid key in output format: \"{unknown}\"".AsMemory(), cancel);
            return ExitCode.Failure;
        }

        var table = ImmutableArray.CreateBuilder<IReadOnlyList<string>>();
        if (!request.HasNoLegend)
        {
            table.Add([.. chosen.Select(field => field.ToUpperInvariant())]);
        }

        table.AddRange(rows.Select(row => chosen.Select(field => columns[field](row)).ToArray()));
        await context.Out.WriteAsync(ColumnWriter.Format(table.ToImmutable()).AsMemory(), cancel);
        return ExitCode.Success;
    }

    public static string OrDash(string? text) => string.IsNullOrEmpty(text) ? "-" : text;
}
