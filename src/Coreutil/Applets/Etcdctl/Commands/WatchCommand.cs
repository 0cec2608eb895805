using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

internal static class WatchCommand
{
    public static Command Create(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("<key>");
        var forever = new Option<bool>("--forever") { Description = "forever watch a key until CTRL+C" };
        var after = AfterOption();
        var recursive = new Option<bool>("--recursive") { Description = "returns all values for key and child keys" };
        var command = new Command("watch", "watch a key for changes") { words, forever, after, recursive };
        command.SetAction((parsed, cancel) => session.OnKeysUnlimitedAsync(
            parsed,
            (keys, unlimited) => RunAsync(
                keys,
                session.Printer(parsed),
                new(EtcdctlSession.Key(parsed.GetRequiredValue(words)), parsed.GetValue(recursive), parsed.GetValue(forever), FirstIndex(parsed.GetValue(after))),
                unlimited),
            cancel));
        return command;
    }

    public static Option<long> AfterOption() => new("--after-index") { Description = "watch after the given index", HelpName = "0" };

    /// <summary>The wire waits for an index, the option names the one before it; zero is "from now on" to both.</summary>
    public static ulong FirstIndex(long after) => after <= 0 ? 0 : (ulong)after + 1;

    internal static async Task<int> RunAsync(IKeysApi keys, KeyPrinter printer, Request request, CancellationToken cancel)
    {
        ulong index = request.FirstIndex;
        bool isDone = false;
        while (!isDone)
        {
            var happened = await keys.WaitAsync(request.Key, request.IsRecursive, index, cancel);
            index = happened.Node.ModifiedIndex + 1;
            if (happened.Node.IsDirectory)
            {
                continue;
            }

            if (request.IsRecursive)
            {
                printer.Context.Out.WriteLine($"[{happened.Event.Action}] {happened.Node.Key}");
            }

            printer.Print(happened);
            isDone = !request.IsForever;
        }

        return ExitCode.Success;
    }

    internal sealed record Request(string Key, bool IsRecursive, bool IsForever, ulong FirstIndex);
}
