using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Supervisor;
using Coreutil.Supervisor.Units;

namespace Coreutil.Applets.Unitctl;

/// <summary>What all verbs share: the socket, the names of units, and how a reply becomes output and exit code.</summary>
internal sealed class UnitctlSession(AppletContext context, UnitctlOptions options)
{
    public AppletContext Context => context;

    public UnitctlOptions Options => options;

    public UnitdClient Connect(ParseResult parsed) => new(Path.Combine(Path.GetFullPath(parsed.GetRequiredValue(options.StateDirectory)), UnitdOptions.SocketName));

    /// <summary>Runs a verb; an unreachable unitd is one line and exit code 1.</summary>
    public async Task<int> TryAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (UnitdException failure)
        {
            await context.Error.WriteLineAsync($"unitctl: {failure.Message}");
            return ExitCode.Failure;
        }
    }

    public Task<int> CallAsync(ParseResult parsed, UnitdRequest request, CancellationToken cancel) => TryAsync(async () =>
    {
        var reply = await Connect(parsed).CallAsync(request, cancel);
        await context.Out.WriteAsync(reply.Text.AsMemory(), cancel);
        if (reply.Error.Length > 0)
        {
            await context.Error.WriteLineAsync(reply.Error.AsMemory(), cancel);
        }

        return reply.ExitCode;
    });

    public static Argument<string[]> UnitsArgument(ArgumentArity? arity = null) => new("UNIT") { Arity = arity ?? ArgumentArity.OneOrMore };

    public bool HasLegend(ParseResult parsed) =>
        !parsed.GetValue(options.HasNoLegend) && !parsed.GetValue(options.IsQuiet) && parsed.GetValue(options.Legend) is not ("no" or "false" or "0" or "off");

    /// <summary>Arguments as names of units: what is no name is escaped, and that is said.</summary>
    public async Task<ImmutableArray<string>> NamesAsync(IEnumerable<string> arguments)
    {
        var names = ImmutableArray.CreateBuilder<string>();
        foreach (string argument in arguments)
        {
            if (argument.Length == 0)
            {
                throw new UnitdException("a unit's name is empty");
            }

            var (name, isEscaped) = UnitArgument.Complete(argument);
            if (isEscaped)
            {
                await context.Error.WriteLineAsync($"Invalid unit name \"{argument}\" escaped as \"{UnitArgument.Escape(argument)}\" (maybe you should use systemd-escape?).");
            }

            names.Add(name);
        }

        return names.ToImmutable();
    }

    /// <summary>Options with commas, given once or often.</summary>
    public static string[] Words(string[]? lists) => [.. (lists ?? []).SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries))];
}
