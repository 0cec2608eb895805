using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

/// <summary>rm, and rmdir as rm of an empty directory or a key.</summary>
internal static class RmCommand
{
    private const string EmptyDirectory = "removes the key if it is an empty directory or a key-value pair";

    public static Command CreateRm(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("<key>");
        var directory = new Option<bool>("--dir") { Description = EmptyDirectory };
        var recursive = new Option<bool>("--recursive") { Description = "removes the key and all child keys(if it is a directory)" };
        var previousValue = new Option<string>("--with-value") { Description = "previous value" };
        var previousIndex = new Option<long>("--with-index") { Description = "previous index", HelpName = "0" };
        var command = new Command("rm", "remove a key or a directory") { words, directory, recursive, previousValue, previousIndex };
        command.SetAction((parsed, cancel) => session.OnKeysAsync(
            parsed,
            (keys, limit) => RunAsync(
                keys,
                session.Printer(parsed),
                session.IsStrictJson(parsed),
                EtcdctlSession.Key(parsed.GetRequiredValue(words)),
                new DeleteOptions(
                    parsed.GetValue(directory),
                    parsed.GetValue(recursive),
                    parsed.GetValue(previousValue) is { Length: > 0 } value ? value : null,
                    unchecked((ulong)parsed.GetValue(previousIndex))),
                limit),
            cancel));
        return command;
    }

    public static Command CreateRmdir(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("<key>");
        var command = new Command("rmdir", EmptyDirectory) { words };
        command.SetAction((parsed, cancel) => session.OnKeysAsync(
            parsed,
            (keys, limit) => RunAsync(
                keys,
                session.Printer(parsed),
                session.IsStrictJson(parsed),
                EtcdctlSession.Key(parsed.GetRequiredValue(words)),
                new DeleteOptions(IsDirectory: true),
                limit),
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(IKeysApi keys, KeyPrinter printer, bool isStrictJson, string key, DeleteOptions options, CancellationToken cancel)
    {
        var removed = await keys.DeleteAsync(key, options, cancel);
        if (!removed.Node.IsDirectory || isStrictJson)
        {
            printer.Print(removed);
        }

        return ExitCode.Success;
    }
}
