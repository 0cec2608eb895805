using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

/// <summary>Writes whole trees to stdout, a line a key, for <c>load</c> to read. Ours: the original has no such command.</summary>
internal static class DumpCommand
{
    public static Command Create(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("[key...]");
        var command = new Command("dump", "write a tree to stdout as JSON lines, with what is left of TTLs; hidden keys are dumped where they are named") { words };
        command.Hidden = true;
        command.SetAction((parsed, cancel) => session.OnTreeAsync(
            parsed,
            (keys, unlimited) => RunAsync(keys, session.Context.Out, parsed.GetRequiredValue(words) is { Length: > 0 } named ? named : ["/"], unlimited),
            cancel));
        return command;
    }

    internal static async Task<int> RunAsync(IKeysApi keys, TextWriter output, string[] roots, CancellationToken cancel)
    {
        foreach (string root in roots)
        {
            var listed = await keys.GetAsync(root, new GetOptions(IsRecursive: true, IsSorted: true), cancel);
            foreach (var record in TreeRecord.Of(listed.Node))
            {
                await output.WriteLineAsync(record.ToJson().AsMemory(), cancel);
            }
        }

        return ExitCode.Success;
    }
}
