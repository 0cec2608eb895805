using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;
using Microsoft.Extensions.Logging;

namespace Coreutil.Applets.Etcd;

/// <summary>The key-value daemon with etcd 2.3's flags, and 0.4's older spellings.</summary>
internal static class EtcdApplet
{
    public static Applet Declaration { get; } = new()
    {
        Name = "etcd",
        Summary = "the key-value daemon: etcd's v2 API on a durable log",
        ManSection = 1,
        CreateCommand = CreateCommand,
        Style = new EtcdStyle(
            ["etcd Version: 2.3.8", $"Git SHA: coreutil-{Multicall.Version}", $"Go Version: none (.NET {Environment.Version})", "Go OS/Arch: linux/amd64"],
            [.. EtcdFlags.Shown.GroupBy(flag => flag.Section).Select(section => (section.Key, (IReadOnlyList<string>)[.. section.Select(flag => flag.Name)]))],
            EtcdFlagValues.Refuse,
            (context, failure) => EtcdCommand.FormatLine(
                context.Time.GetLocalNow(), LogLevel.Error, "", $"etcdmain: error verifying flags, {failure}. See 'etcd --help'.")),
        IsInstalled = true,
    };

    private static RootCommand CreateCommand(AppletContext context)
    {
        var root = new RootCommand(Declaration.Summary);
        foreach (var own in root.Options.ToArray())
        {
            root.Options.Remove(own);
        }

        foreach (var flag in EtcdFlags.All)
        {
            root.Options.Add(flag.ToOption());
        }

        root.Options.Add(new Option<bool>("--version") { Description = "print the version and exit" });
        root.SetAction((parsed, cancel) =>
        {
            var given = parsed.CommandResult.Children.OfType<System.CommandLine.Parsing.OptionResult>()
                .Where(result => !result.Implicit)
                .ToImmutableDictionary(result => result.Option.Name[2..], result => result.Tokens.Count > 0 ? result.Tokens[^1].Value : "");
            return EtcdCommand.RunAsync(context, given, cancel);
        });
        return root;
    }
}
