using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Supervisor;

namespace Coreutil.Applets.Unitctl.Commands;

/// <summary>Properties a line each, in systemd's order whatever the order they are asked for in; empty ones only for who names them.</summary>
internal static class ShowCommand
{
    public static Command Create(UnitctlSession session)
    {
        var units = UnitctlSession.UnitsArgument();
        var command = new Command("show", "Show properties of one or more units") { units };
        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            var options = session.Options;
            string[] wanted = [.. UnitctlSession.Words(parsed.GetValue(options.Properties)), .. UnitctlSession.Words(parsed.GetValue(options.PropertyValues))];
            var reply = await CallAsync(session, parsed, await session.NamesAsync(parsed.GetRequiredValue(units)), cancel);
            if (reply.ExitCode != ExitCode.Success)
            {
                await session.Context.Error.WriteLineAsync(reply.Error.AsMemory(), cancel);
                return reply.ExitCode;
            }

            bool isValueOnly = parsed.GetValue(options.IsValueOnly) || parsed.GetValue(options.PropertyValues) is { Length: > 0 };
            foreach (var (name, value) in Lines(reply))
            {
                if (name.Length == 0)
                {
                    await session.Context.Out.WriteLineAsync();
                }
                else if (wanted.Length > 0 ? wanted.Contains(name) : value.Length > 0 || parsed.GetValue(options.All))
                {
                    await session.Context.Out.WriteLineAsync((isValueOnly ? value : $"{name}={value}").AsMemory(), cancel);
                }
            }

            return ExitCode.Success;
        }));
        return command;
    }

    public static async Task<UnitdReply> CallAsync(UnitctlSession session, ParseResult parsed, ImmutableArray<string> names, CancellationToken cancel) =>
        await session.Connect(parsed).CallAsync(new UnitdRequest { Verb = "show", Names = names, IsAll = parsed.GetValue(session.Options.All) }, cancel);

    /// <summary>The properties of all units one after the other; a nameless one stands between two units.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Lines(UnitdReply reply) =>
        reply.Text.Split('\n').SkipLast(1).Select(line => line.Split('=', 2)).Select(parts => KeyValuePair.Create(parts[0], parts.Length > 1 ? parts[1] : ""));
}
