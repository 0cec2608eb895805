using System.CommandLine;
using Coreutil.Applets.Unitctl.Commands;
using Coreutil.Applets.Unitd;
using Coreutil.Core.Applets;
using Coreutil.Supervisor;
using Coreutil.Units.Files;

namespace Coreutil.Applets.Unitctl;

/// <summary>unitd's systemctl: its verbs, its texts, its exit codes.</summary>
internal static class UnitctlApplet
{
    public static Applet Declaration { get; } = new()
    {
        Name = "unitctl",
        Summary = "control the units of unitd",
        ManSection = 1,
        CreateCommand = CreateCommand,
    };

    private static Command CreateCommand(AppletContext context)
    {
        var state = new Option<string>("--state-dir")
        {
            Description = $"the state directory of unitd ({UnitdApplet.StateDirectoryVariable})",
            DefaultValueFactory = _ => context.Variable(UnitdApplet.StateDirectoryVariable) ?? UnitdApplet.DefaultStateDirectory,
            Recursive = true,
        };
        var session = new UnitctlSession(context, state);
        return new Command(Declaration.Name, Declaration.Summary)
        {
            state,
            JobCommand.Create(session, "start", "Start (activate) one or more units"),
            JobCommand.Create(session, "stop", "Stop (deactivate) one or more units"),
            JobCommand.Create(session, "restart", "Stop and start one or more units"),
            KillCommand.Create(session),
            JobCommand.Create(session, "reset-failed", "Reset failed state for one or more units"),
            StatusCommand.Create(session),
            ShowCommand.Create(session),
            ListUnitsCommand.Create(session),
            CatCommand.Create(session),
            DaemonCommand.Create(session, "daemon-reload", "Reload unit files"),
            DaemonCommand.Create(session, "daemon-reexec", "Replace unitd by its program on disk; units go on"),
            JournalCommand.Create(session),
            MonitorCommand.Create(session),
            JobCommand.Create(session, "reload", "Reload one or more units"),
            JobCommand.Create(session, "try-restart", "Restart one or more units if active"),
            JobCommand.Create(session, "enable", "Enable one or more unit files"),
            JobCommand.Create(session, "disable", "Disable one or more unit files"),
            VerifyCommand.Create(session),
        };
    }
}

/// <summary>What all verbs share: the socket, and how a reply becomes output and exit code.</summary>
internal sealed class UnitctlSession(AppletContext context, Option<string> state)
{
    public AppletContext Context => context;

    public UnitdClient Connect(ParseResult parsed) => new(Path.Combine(Path.GetFullPath(parsed.GetRequiredValue(state)), UnitdOptions.SocketName));

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

    public async Task<int> CallAsync(ParseResult parsed, UnitdRequest request, CancellationToken cancel) => await TryAsync(async () =>
    {
        var reply = await Connect(parsed).CallAsync(request, cancel);
        await context.Out.WriteAsync(reply.Text.AsMemory(), cancel);
        if (reply.Error.Length > 0)
        {
            await context.Error.WriteLineAsync(reply.Error.AsMemory(), cancel);
        }

        return reply.ExitCode;
    });

    /// <summary>The argument UNIT..., with systemctl's rule that a name without a type is a service.</summary>
    public static Argument<string[]> UnitsArgument() => new("UNIT") { Arity = ArgumentArity.OneOrMore };

    public static string Complete(string name) => UnitName.HasType(name) ? name : $"{name}.service";
}
