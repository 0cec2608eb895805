using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Server;

namespace Coreutil.Applets.Etcdctl.Commands;

internal static class BackupCommand
{
    public static Command Create(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words(" ");
        var data = Text("--data-dir", "Path to the etcd data dir");
        var wal = Text("--wal-dir", "Path to the etcd wal dir");
        var backup = Text("--backup-dir", "Path to the backup dir");
        var backupWal = Text("--backup-wal-dir", "Path to the backup wal dir");
        var command = new Command("backup", "backup an etcd directory") { words, data, wal, backup, backupWal };
        command.SetAction((parsed, cancel) => session.TryAsync(
            () => Task.FromResult(Run(session, parsed, parsed.GetValue(data), parsed.GetValue(wal) ?? "", parsed.GetValue(backup), parsed.GetValue(backupWal) ?? "")),
            cancel));
        return command;
    }

    private static int Run(EtcdctlSession session, ParseResult parsed, string? data, string wal, string? backup, string backupWal)
    {
        if (string.IsNullOrEmpty(data) || string.IsNullOrEmpty(backup))
        {
            throw EtcdctlFailure.BadArguments("etcdctl: backup needs --data-dir and --backup-dir");
        }

        try
        {
            DataDirectoryBackup.Copy(data, wal, backup, backupWal);
        }
        catch (EtcdStartException failure)
        {
            throw EtcdctlFailure.BadArguments($"etcdctl: {failure.Message}");
        }

        // Silent, as the original.
        session.Answer(parsed, "", writer => writer.WriteString("backup"u8, backup));
        return ExitCode.Success;
    }

    private static Option<string> Text(string name, string description) => new(name) { Description = description };
}
