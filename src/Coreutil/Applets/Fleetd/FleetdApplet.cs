using System.CommandLine;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.Fleetd;

/// <summary>The machine's part in the fleet: agent, engine and API.</summary>
internal static class FleetdApplet
{
    public static Applet Declaration { get; } = new()
    {
        Name = "fleetd",
        Summary = "run units on the machines of a cluster",
        ManSection = 8,
        CreateCommand = CreateCommand,
        Style = new FleetdCommandLine(),
        IsInstalled = true,
    };

    private static RootCommand CreateCommand(AppletContext context)
    {
        var flags = new FleetdFlags();
        var root = new RootCommand(Declaration.Summary);
        flags.AddTo(root);
        root.SetAction((parsed, cancel) => FleetdCommand.RunAsync(context, flags.Read(parsed), cancel));
        return root;
    }
}
