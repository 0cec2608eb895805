using System.CommandLine;
using Coreutil.Supervisor;

namespace Coreutil.Applets.Unitctl.Commands;

internal static class ShowCommand
{
    public static Command Create(UnitctlSession session)
    {
        var units = UnitctlSession.UnitsArgument();
        var properties = new Option<string[]>("--property", "-p") { Description = "show only these properties, separated by commas" };
        var command = new Command("show", "Show properties of one or more units") { units, properties };
        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            var names = parsed.GetRequiredValue(units).Select(UnitctlSession.Complete);
            var reply = await session.Connect(parsed).CallAsync(new UnitdRequest { Verb = "show", Names = [.. names] }, cancel);
            string[] wanted = [.. (parsed.GetValue(properties) ?? []).SelectMany(list => list.Split(','))];
            var shown = reply.Text.Split('\n').SkipLast(1)
                .Where(line => wanted.Length == 0 || line.Length == 0 || wanted.Contains(line[..line.IndexOf('=', StringComparison.Ordinal)]));
            foreach (string line in shown)
            {
                await session.Context.Out.WriteLineAsync(line.AsMemory(), cancel);
            }

            return reply.ExitCode;
        }));
        return command;
    }
}
