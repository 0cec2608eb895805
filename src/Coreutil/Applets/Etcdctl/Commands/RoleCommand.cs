using System.Collections.Immutable;
using System.CommandLine;
using System.Net;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

internal static class RoleCommand
{
    public static Command Create(EtcdctlSession session) => new("role", "role add, grant and revoke subcommands")
    {
        OfRole(session, "add", "<role> ", "add a new role for the etcd cluster", async (roles, role, limit) =>
        {
            if (await ExistsAsync(roles, role, limit))
            {
                throw EtcdctlFailure.BadArguments($"Role {role} already exists");
            }

            await roles.CreateRoleAsync(role, limit);
            return $"Role {role} created";
        }),
        CreateGet(session),
        CreateList(session),
        OfRole(session, "remove", "<role>", "remove a role from the etcd cluster", async (roles, role, limit) =>
        {
            await roles.RemoveRoleAsync(role, limit);
            return $"Role {role} removed";
        }),
        CreatePermissions(session, "grant", "grant path matches to an etcd role", ["Path granted", "Grant read-only", "Grant write-only", "Grant read-write"], (roles, permissions, limit) => roles.GrantAsync(permissions, limit)),
        CreatePermissions(session, "revoke", "revoke path matches for an etcd role", ["Path revoked", "Revoke read", "Revoke write", "Revoke read-write"], (roles, permissions, limit) => roles.RevokeAsync(permissions, limit)),
    };

    /// <summary>What the three switches of grant and revoke come to for a path. The original looks for a name last.</summary>
    internal static RolePermissions Permissions(string[] words, string? path, bool isRead, bool isWrite, bool isBoth)
    {
        if (string.IsNullOrEmpty(path))
        {
            throw EtcdctlFailure.BadArguments("No path specified; please use `-path`");
        }

        if (GoEscape.CleanPath(path) is var canonical && canonical != path)
        {
            throw EtcdctlFailure.BadArguments($"Not canonical path; please use `-path={canonical}`");
        }

        if ((isRead, isWrite, isBoth) is not ((true, false, false) or (false, true, false) or (false, false, true)))
        {
            throw EtcdctlFailure.BadArguments("Please specify exactly one of -read, -write or -readwrite");
        }

        return new(NameOf(words), isWrite ? [] : [path], isRead ? [] : [path]);
    }

    private static Command CreateGet(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("<role>");
        var command = new Command("get", "get details for a role") { words };
        command.SetAction((parsed, cancel) => session.OnAuthAsync(
            parsed,
            () => NameOf(parsed.GetRequiredValue(words)),
            async (roles, name, limit) =>
            {
                var role = await roles.RoleAsync(name, limit);
                session.Answer(parsed, $"Role: {role.Role}\nKV Read:\n{Lines(role.Read)}KV Write:\n{Lines(role.Write)}", writer =>
                {
                    writer.WriteString("role"u8, role.Role);
                    writer.WriteStartObject("permissions"u8);
                    writer.WriteStartObject("kv"u8);
                    EtcdctlSession.WriteList(writer, "read", role.Read);
                    EtcdctlSession.WriteList(writer, "write", role.Write);
                    writer.WriteEndObject();
                    writer.WriteEndObject();
                });
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    private static Command CreateList(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words(" ");
        var command = new Command("list", "list all roles") { words };
        command.SetAction((parsed, cancel) => session.OnAuthAsync(
            parsed,
            () => EtcdctlSession.NoWords(parsed.GetRequiredValue(words)),
            async (roles, _, limit) =>
            {
                var all = await roles.RolesAsync(limit);
                session.Answer(parsed, string.Concat(all.Select(role => role + "\n")), writer => EtcdctlSession.WriteList(writer, "roles", all));
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    private static Command CreatePermissions(
        EtcdctlSession session, string name, string description, string[] help, Func<AuthApi, RolePermissions, CancellationToken, Task> change)
    {
        var words = EtcdctlSession.Words("<role>");
        var path = new Option<string>("--path") { Description = $"{help[0]} for the role to access" };
        var read = new Option<bool>("--read") { Description = $"{help[1]} access" };
        var write = new Option<bool>("--write") { Description = $"{help[2]} access" };
        var both = new Option<bool>("--readwrite") { Description = $"{help[3]} access" };
        var command = new Command(name, description) { words, path, read, write, both };
        command.SetAction((parsed, cancel) => session.OnAuthAsync(
            parsed,
            () => Permissions(parsed.GetRequiredValue(words), parsed.GetValue(path), parsed.GetValue(read), parsed.GetValue(write), parsed.GetValue(both)),
            async (roles, permissions, limit) =>
            {
                // Asks first, so that a missing role is told as such by servers of every age.
                _ = await roles.RoleAsync(permissions.Role, limit);
                await change(roles, permissions, limit);
                session.AnswerChange(parsed, $"Role {permissions.Role} updated", name, "role", permissions.Role);
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    private static Command OfRole(EtcdctlSession session, string name, string usage, string description, Func<AuthApi, string, CancellationToken, Task<string>> change)
    {
        var words = EtcdctlSession.Words(usage);
        var command = new Command(name, description) { words };
        command.SetAction((parsed, cancel) => session.OnAuthAsync(
            parsed,
            () => NameOf(parsed.GetRequiredValue(words)),
            async (roles, role, limit) =>
            {
                session.AnswerChange(parsed, await change(roles, role, limit), name, "role", role);
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    private static async Task<bool> ExistsAsync(AuthApi roles, string role, CancellationToken cancel)
    {
        try
        {
            await roles.RoleAsync(role, cancel);
            return true;
        }
        catch (EtcdApiException missing) when (missing.Status == HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    private static string Lines(ImmutableArray<string> patterns) => string.Concat(patterns.Select(pattern => $"\t{pattern}\n"));

    private static string NameOf(string[] words) => words is [var name] ? name : throw EtcdctlFailure.BadArguments("Please provide a role name");
}
