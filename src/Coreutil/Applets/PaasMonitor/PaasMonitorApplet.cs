using System.CommandLine;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.PaasMonitor;

/// <summary>The small web service the fleet workshop deploys, to watch instances come, answer, fail and go.</summary>
internal static class PaasMonitorApplet
{
    public static Applet Declaration { get; } = new()
    {
        Name = "paas-monitor",
        Summary = "a small web service to watch a cluster with",
        ManSection = 1,
        CreateCommand = CreateCommand,
    };

    private static Command CreateCommand(AppletContext context)
    {
        var port = new Option<int>("--port") { Description = "port to listen on, on every address (PORT)", DefaultValueFactory = _ => PortOf(context) };
        var name = new Option<string?>("--name")
        {
            Description = "name of this instance, as its unit's (INSTANCE; default: host and port)",
            DefaultValueFactory = _ => context.Variable("INSTANCE"),
        };
        var message = new Option<string>("--message")
        {
            Description = "the text /status carries (MESSAGE)",
            DefaultValueFactory = _ => context.Variable("MESSAGE") ?? "Hello World",
        };
        var release = new Option<string>("--release")
        {
            Description = "the version /status carries (RELEASE)",
            DefaultValueFactory = _ => context.Variable("RELEASE") ?? Multicall.Version,
        };
        var root = new Command(Declaration.Name, Declaration.Summary) { port, name, message, release };
        root.SetAction((parsed, cancel) => PaasMonitorCommand.RunAsync(
            context,
            new(
                parsed.GetValue(port),
                parsed.GetValue(name) ?? $"{System.Environment.MachineName}:{parsed.GetValue(port)}",
                parsed.GetRequiredValue(message),
                parsed.GetRequiredValue(release)),
            cancel));
        return root;
    }

    private static int PortOf(AppletContext context) =>
        int.TryParse(context.Variable("PORT"), out int port) ? port : PaasMonitorCommand.DefaultPort;
}
