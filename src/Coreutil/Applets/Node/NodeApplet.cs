using System.CommandLine;
using System.Net;
using Coreutil.Applets.Unitd;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.Node;

/// <summary>etcd, fleetd and confd in one process: one machine, or the first look.</summary>
internal static class NodeApplet
{
    public static Applet Declaration { get; } = new()
    {
        Name = "node",
        Summary = "etcd, fleetd and confd in one process",
        ManSection = 8,
        CreateCommand = CreateCommand,
    };

    private static Command CreateCommand(AppletContext context)
    {
        var data = new Option<string>("--data-dir") { Description = "where everything is kept", DefaultValueFactory = _ => "node" };
        var name = new Option<string>("--name") { Description = "name of the store's member", DefaultValueFactory = _ => "node" };
        var address = new Option<string>("--address") { Description = "address of this machine (default: its first one that is not loopback)" };
        var confdir = new Option<string>("--confdir") { Description = "templates to render: holds conf.d and templates" };
        var metadata = new Option<string>("--metadata") { Description = "metadata of this machine: k=v,k=v" };
        var leaves = new Option<bool>("--leave-running") { Description = "at the end leave units and their supervisor running" };
        var root = new Command(Declaration.Name, Declaration.Summary) { data, name, address, confdir, metadata, leaves };
        root.SetAction(async (parsed, cancel) =>
        {
            IPAddress? given = null;
            if (parsed.GetValue(address) is { } text && !IPAddress.TryParse(text, out given))
            {
                await context.Error.WriteLineAsync($"node: --address {text} is no IP address");
                return ExitCode.Usage;
            }

            var request = new NodeRequest
            {
                DataDirectory = Path.GetFullPath(parsed.GetRequiredValue(data)),
                Name = parsed.GetRequiredValue(name),
                Address = given ?? UnitdApplet.DefaultAddress(),
                ConfigDirectory = parsed.GetValue(confdir) is { } directory ? Path.GetFullPath(directory) : null,
                Metadata = parsed.GetValue(metadata) ?? "",
                LeavesRunning = parsed.GetValue(leaves),
            };
            return await NodeCommand.RunAsync(context, request, cancel);
        });
        return root;
    }
}
