using System.CommandLine;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.Etcdctl.Commands;

/// <summary>Commands of the original that do not exist yet: declared with their options, so that help is whole, and refused in one line.</summary>
internal static class NotBuiltCommand
{
    public static Command CreateBackup(EtcdctlSession session) => Create(
        session,
        "backup",
        "backup an etcd directory",
        " ",
        Text("--data-dir", "Path to the etcd data dir"),
        Text("--wal-dir", "Path to the etcd wal dir"),
        Text("--backup-dir", "Path to the backup dir"),
        Text("--backup-wal-dir", "Path to the backup wal dir"));

    public static Command CreateImport(EtcdctlSession session) => Create(
        session,
        "import",
        "import a snapshot to a cluster",
        " ",
        Text("--snap", "Path to the valid etcd 0.4.x snapshot."),
        Text("--hidden", "Hidden key spaces to import from snapshot"),
        new Option<long>("--c") { Description = "Number of concurrent clients to import the data", HelpName = "10" });

    public static Command CreateUser(EtcdctlSession session) => new("user", "user add, grant and revoke subcommands")
    {
        Create(session, "add", "add a new user for the etcd cluster", "<user>"),
        Create(session, "get", "get details for a user", "<user>"),
        Create(session, "list", "list all current users", "<user>"),
        Create(session, "remove", "remove a user for the etcd cluster", "<user>"),
        Create(session, "grant", "grant roles to an etcd user", "<user>", Text("--roles", "List of roles to grant or revoke")),
        Create(session, "revoke", "revoke roles for an etcd user", "<user>", Text("--roles", "List of roles to grant or revoke")),
        Create(session, "passwd", "change password for a user", "<user>"),
    };

    public static Command CreateRole(EtcdctlSession session) => new("role", "role add, grant and revoke subcommands")
    {
        Create(session, "add", "add a new role for the etcd cluster", "<role>"),
        Create(session, "get", "get details for a role", "<role>"),
        Create(session, "list", "list all roles", " "),
        Create(session, "remove", "remove a role from the etcd cluster", "<role>"),
        Create(session, "grant", "grant path matches to an etcd role", "<role>", RoleOptions("Grant", "granted")),
        Create(session, "revoke", "revoke path matches for an etcd role", "<role>", RoleOptions("Revoke", "revoked")),
    };

    public static Command CreateAuth(EtcdctlSession session) => new("auth", "overall auth controls")
    {
        Create(session, "enable", "enable auth access controls", " "),
        Create(session, "disable", "disable auth access controls", " "),
    };

    private static Command Create(EtcdctlSession session, string name, string description, string usage, params Option[] options)
    {
        var command = new Command(name, description) { EtcdctlSession.Words(usage) };
        foreach (var option in options)
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancel) =>
        {
            var path = parsed.CommandResult.Parent is System.CommandLine.Parsing.CommandResult { Command: not RootCommand } group ? $"{group.Command.Name} {name}" : name;
            await session.Context.Error.WriteLineAsync($"etcdctl: {path} is not built yet".AsMemory(), cancel);
            return ExitCode.Failure;
        });
        return command;
    }

    private static Option<string> Text(string name, string description) => new(name) { Description = description };

    private static Option[] RoleOptions(string verb, string done) =>
    [
        Text("--path", $"Path {done} for the role to access"),
        new Option<bool>("--read") { Description = $"{verb} read-only access" },
        new Option<bool>("--write") { Description = $"{verb} write-only access" },
        new Option<bool>("--readwrite") { Description = $"{verb} read-write access" },
    ];
}
