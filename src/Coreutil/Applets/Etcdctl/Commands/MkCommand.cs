using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

internal static class MkCommand
{
    public static Command Create(EtcdctlSession session)
    {
        var argument = EtcdctlSession.Words("<key> <value>");
        var inOrder = new Option<bool>("--in-order") { Description = "create in-order key under directory <key>" };
        var ttl = WriteCommand.TtlOption();
        var command = new Command("mk", "make a new key with a given value") { argument, inOrder, ttl };
        command.SetAction((parsed, cancel) => session.OnKeysAsync(
            parsed,
            async (keys, limit) =>
            {
                string[] words = parsed.GetRequiredValue(argument);
                var request = new Request(
                    EtcdctlSession.Key(words), await session.ValueAsync(words, limit), WriteCommand.Ttl(parsed.GetValue(ttl)), parsed.GetValue(inOrder));
                return await RunAsync(keys, session.Printer(parsed), request, limit);
            },
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(IKeysApi keys, KeyPrinter printer, Request request, CancellationToken cancel)
    {
        printer.Print(request.IsInOrder
            ? await keys.CreateInOrderAsync(request.Key, request.Value, request.Ttl, cancel)
            : await keys.SetAsync(request.Key, request.Value, new SetOptions(request.Ttl, PrevExist: false), cancel));
        return ExitCode.Success;
    }

    internal sealed record Request(string Key, string Value, TimeSpan? Ttl, bool IsInOrder);
}
