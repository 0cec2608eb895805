using System.CommandLine;
using Coreutil.Applets.Fleetctl.Commands;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;
using Coreutil.Fleet;

namespace Coreutil.Applets.Fleetctl;

/// <summary>The command line of fleet 1.0, with the single-dash forms of 0.x that old scripts use.</summary>
internal static class FleetctlApplet
{
    public static Applet Declaration { get; } = new()
    {
        Name = "fleetctl",
        Summary = "submit, start and watch units over a cluster",
        ManSection = 1,
        CreateCommand = CreateCommand,
        Style = new FleetctlStyle("fleetctl", FleetServer.Version),
        IsInstalled = true,
    };

    private static RootCommand CreateCommand(AppletContext context)
    {
        var session = new FleetctlSession(context);
        var root = new RootCommand("fleetctl is a command-line interface to fleet, the cluster-wide CoreOS init system.")
        {
            TargetCommand.CreateSubmit(session),
            TargetCommand.CreateLoad(session),
            TargetCommand.CreateStart(session),
            ReverseCommand.CreateStop(session),
            ReverseCommand.CreateUnload(session),
            DestroyCommand.Create(session),
            ListMachinesCommand.Create(session),
            ListUnitsCommand.Create(session),
            ListUnitFilesCommand.Create(session),
            CatCommand.Create(session),
            StatusCommand.Create(session),
            JournalCommand.Create(session),
            RestartCommand.Create(session),
            SshCommand.Create(session),
            FdForwardCommand.Create(session),
            VerifyCommand.Create(session),
            WhyCommand.Create(session),
            ForgetMachineCommand.Create(session),
            new Command("help", "Help about any command"),
            new Command("version", "Print the version and exit"),
        };
        foreach (var option in session.Options)
        {
            root.Add(option);
        }

        return root;
    }
}
