using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

internal static class LsCommand
{
    public static Command Create(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("[key]");
        var sort = new Option<bool>("--sort") { Description = "returns result in sorted order" };
        var recursive = new Option<bool>("--recursive") { Description = "returns all key names recursively for the given path" };
        var slash = new Option<bool>("-p") { Description = "append slash (/) to directories" };
        var quorum = new Option<bool>("--quorum") { Description = "require quorum for get request" };
        var command = new Command("ls", "retrieve a directory") { words, sort, recursive, slash, quorum };
        command.SetAction((parsed, cancel) => session.OnKeysAsync(
            parsed,
            (keys, limit) => RunAsync(
                keys,
                session.IsStrictJson(parsed) ? session.Printer(parsed) : null,
                session.Context,
                new(
                    parsed.GetRequiredValue(words) is [var key, ..] ? key : "/",
                    new(parsed.GetValue(recursive), parsed.GetValue(sort), parsed.GetValue(quorum)),
                    parsed.GetValue(slash)),
                limit),
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(IKeysApi keys, KeyPrinter? printer, AppletContext context, Request request, CancellationToken cancel)
    {
        var listed = await keys.GetAsync(request.Key, request.Options, cancel);
        if (printer is not null)
        {
            printer.Print(listed);
            return ExitCode.Success;
        }

        if (!listed.Node.IsDirectory)
        {
            context.Out.WriteLine(listed.Node.Key);
        }

        Print(context.Out, listed.Node, request.HasSlash);
        return ExitCode.Success;
    }

    private static void Print(TextWriter output, KeyNode directory, bool hasSlash)
    {
        foreach (var node in directory.Nodes)
        {
            output.WriteLine(hasSlash && node.IsDirectory ? node.Key + "/" : node.Key);
            Print(output, node, hasSlash);
        }
    }

    internal sealed record Request(string Key, GetOptions Options, bool HasSlash);
}
