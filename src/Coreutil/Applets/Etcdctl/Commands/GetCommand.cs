using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

internal static class GetCommand
{
    public static Command Create(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("<key>");
        var sort = new Option<bool>("--sort") { Description = "returns result in sorted order" };
        var quorum = new Option<bool>("--quorum") { Description = "require quorum for get request" };
        var command = new Command("get", "retrieve the value of a key") { words, sort, quorum };
        command.SetAction((parsed, cancel) => session.OnKeysAsync(
            parsed,
            (keys, limit) => RunAsync(
                keys, session.Printer(parsed), new(EtcdctlSession.Key(parsed.GetRequiredValue(words)), parsed.GetValue(sort), parsed.GetValue(quorum)), limit),
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(IKeysApi keys, KeyPrinter printer, Request request, CancellationToken cancel)
    {
        var found = await keys.GetAsync(request.Key, new GetOptions(IsSorted: request.IsSorted, IsQuorum: request.IsQuorum), cancel);
        if (found.Node.IsDirectory)
        {
            await printer.Context.Error.WriteLineAsync($"{found.Node.Key}: is a directory");
            return EtcdctlExit.BadArguments;
        }

        printer.Print(found);
        return ExitCode.Success;
    }

    internal sealed record Request(string Key, bool IsSorted, bool IsQuorum);
}
