using System.CommandLine;
using Coreutil.Applets.Unitctl.Commands;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;

namespace Coreutil.Applets.Unitctl;

/// <summary>unitd's systemctl: its verbs, its options, its texts, its exit codes.</summary>
internal static class UnitctlApplet
{
    public static Applet Declaration { get; } = new()
    {
        Name = "unitctl",
        Summary = "control the units of unitd",
        ManSection = 1,
        CreateCommand = CreateCommand,
        Style = new SystemctlStyle(),
    };

    private static Command CreateCommand(AppletContext context)
    {
        var options = new UnitctlOptions(context);
        var session = new UnitctlSession(context, options);
        var root = new Command(Declaration.Name, Declaration.Summary)
        {
            JobCommand.Create(session, "start", "Start (activate) one or more units"),
            JobCommand.Create(session, "stop", "Stop (deactivate) one or more units"),
            JobCommand.Create(session, "restart", "Start or restart one or more units"),
            JobCommand.Create(session, "try-restart", "Restart one or more units if active"),
            JobCommand.Create(session, "reload", "Reload one or more units"),
            JobCommand.Create(session, "reload-or-restart", "Reload one or more units if possible, otherwise start or restart"),
            JobCommand.Create(session, "try-reload-or-restart", "If active, reload one or more units, if supported, otherwise restart"),
            KillCommand.Create(session),
            CallCommand.Create(session, "reset-failed", "Reset failed state for one or more units, or all", ArgumentArity.ZeroOrMore),
            StateCommand.Create(session, "is-active", "Check whether units are active", state => state is "active" or "reloading", otherwise: 3),
            StateCommand.Create(session, "is-failed", "Check whether units are failed", state => state is "failed", otherwise: 1),
            CallCommand.Create(session, "status", "Show runtime status of one or more units, or all", ArgumentArity.ZeroOrMore),
            ShowCommand.Create(session),
            CallCommand.Create(session, "cat", "Show files and drop-ins of specified units", ArgumentArity.OneOrMore),
            ListUnitsCommand.Create(session),
            ListCommand.CreateTimers(session),
            ListCommand.CreateSockets(session),
            ListCommand.CreateFiles(session),
            InstallCommand.Create(session, "enable", "Enable one or more unit files", next: "start"),
            InstallCommand.Create(session, "disable", "Disable one or more unit files", next: "stop"),
            InstallCommand.Create(session, "mask", "Mask one or more units: they cannot be started", next: "stop"),
            InstallCommand.Create(session, "unmask", "Unmask one or more units", next: null),
            CallCommand.Create(session, "is-enabled", "Check whether unit files are enabled", ArgumentArity.OneOrMore),
            CallCommand.Create(session, "daemon-reload", "Reload unit files", ArgumentArity.Zero),
            CallCommand.Create(session, "daemon-reexec", "Replace unitd by its program on disk; units go on", ArgumentArity.Zero),
            JournalCommand.Create(session),
            MonitorCommand.Create(session),
            VerifyCommand.Create(session),
        };
        options.AddTo(root);

        // Without a verb it lists units, as systemctl does.
        root.SetAction((parsed, cancel) => session.TryAsync(() => ListUnitsCommand.RunAsync(session, parsed, [], cancel)));
        return root;
    }
}
