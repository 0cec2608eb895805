using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

/// <summary>mkdir, setdir and updatedir differ in what must exist before; none of them prints anything, in any format (but the JSON of --strict).</summary>
internal static class DirectoryCommand
{
    public static Command CreateMkdir(EtcdctlSession session) => Create(session, "mkdir", "make a new directory", "<key>", prevExist: false);

    public static Command CreateSetdir(EtcdctlSession session) =>
        Create(session, "setdir", "create a new directory or update an existing directory TTL", "<key>", prevExist: null);

    public static Command CreateUpdatedir(EtcdctlSession session) =>
        Create(session, "updatedir", "update an existing directory", "<key> <value>", prevExist: true);

    internal static async Task<int> RunAsync(IKeysApi keys, KeyPrinter? printer, string key, SetOptions options, CancellationToken cancel)
    {
        var made = await keys.SetAsync(key, null, options, cancel);
        printer?.Print(made);
        return ExitCode.Success;
    }

    private static Command Create(EtcdctlSession session, string name, string description, string usage, bool? prevExist)
    {
        var words = EtcdctlSession.Words(usage);
        var ttl = WriteCommand.TtlOption();
        var command = new Command(name, description) { words, ttl };
        command.SetAction((parsed, cancel) => session.OnKeysAsync(
            parsed,
            (keys, limit) => RunAsync(
                keys,
                session.IsStrictJson(parsed) ? session.Printer(parsed) : null,
                EtcdctlSession.Key(parsed.GetRequiredValue(words)),
                new SetOptions(WriteCommand.Ttl(parsed.GetValue(ttl)), prevExist, IsDirectory: true),
                limit),
            cancel));
        return command;
    }
}
