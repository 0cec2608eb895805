using System.CommandLine;
using Coreutil.Applets.Etcdctl.Commands;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;

namespace Coreutil.Applets.Etcdctl;

/// <summary>etcd 2.3's command line client.</summary>
internal static class EtcdctlApplet
{
    public static Applet Declaration { get; } = new()
    {
        Name = "etcdctl",
        Summary = "read, write and watch the keys of an etcd cluster",
        ManSection = 1,
        CreateCommand = CreateCommand,
        Style = new EtcdctlStyle("etcdctl", "2.3.8"),
        IsInstalled = true,
    };

    private static RootCommand CreateCommand(AppletContext context)
    {
        var session = new EtcdctlSession(context);
        var root = new RootCommand("A simple command line client for etcd.")
        {
            BackupCommand.Create(session),
            ClusterHealthCommand.Create(session),
            MkCommand.Create(session),
            DirectoryCommand.CreateMkdir(session),
            RmCommand.CreateRm(session),
            RmCommand.CreateRmdir(session),
            GetCommand.Create(session),
            LsCommand.Create(session),
            WriteCommand.CreateSet(session),
            DirectoryCommand.CreateSetdir(session),
            WriteCommand.CreateUpdate(session),
            DirectoryCommand.CreateUpdatedir(session),
            WatchCommand.Create(session),
            ExecWatchCommand.Create(session),
            MemberCommand.Create(session),
            ImportCommand.Create(session),
            UserCommand.Create(session),
            RoleCommand.Create(session),
            AuthCommand.Create(session),
            DumpCommand.Create(session),
            LoadCommand.Create(session),
        };
        root.Subcommands.Add(CompletionCommand.Create(session, root));
        foreach (var option in session.Options.All)
        {
            root.Options.Add(option);
        }

        return root;
    }
}
