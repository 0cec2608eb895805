using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;

namespace Coreutil.Applets.Confd;

/// <summary>Keeps configuration files up to date from templates and keys.</summary>
internal static class ConfdApplet
{
    /// <summary>The release whose behaviour this follows.</summary>
    public const string CompatibleVersion = "0.16.0";

    public static Applet Declaration { get; } = new()
    {
        Name = "confd",
        Summary = "render configuration files from templates and the keys of a store",
        ManSection = 1,
        CreateCommand = CreateCommand,
        Style = GoUsageStyle.Instance,
        IsInstalled = true,
    };

    private static RootCommand CreateCommand(AppletContext context)
    {
        var flags = new ConfdFlags();
        var root = new RootCommand(Declaration.Summary);
        // Go's flag package answers -h and knows nothing of the framework's own options.
        root.Options.Clear();
        foreach (var option in flags.All)
        {
            root.Options.Add(option);
        }

        root.SetAction((parsed, cancel) => ConfdCommand.RunAsync(context, flags, parsed, cancel));
        return root;
    }
}
