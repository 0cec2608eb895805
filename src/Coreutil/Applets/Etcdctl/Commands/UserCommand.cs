using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

internal static class UserCommand
{
    public static Command Create(EtcdctlSession session) => new("user", "user add, grant and revoke subcommands")
    {
        OfUser(session, "add", "add a new user for the etcd cluster", async (users, user, limit) =>
        {
            string[] parts = user.Split(':', 2);
            if (await users.UserRolesAsync(parts[0], limit) is not null)
            {
                throw EtcdctlFailure.BadArguments($"User {parts[0]} already exists");
            }

            string password = parts.Length > 1 ? parts[1] : PasswordPrompt.Ask(session.Context, "New password: ");
            await users.SetUserAsync(parts[0], password, limit);
            return new(parts[0], $"User {parts[0]} created");
        }),
        CreateGet(session),
        CreateList(session),
        OfUser(session, "remove", "remove a user for the etcd cluster", async (users, user, limit) =>
        {
            await users.RemoveUserAsync(user, limit);
            return new(user, $"User {user} removed");
        }),
        CreateRoles(session, "grant", "grant roles to an etcd user", (users, user, roles, limit) => users.GrantRolesAsync(user, roles, limit)),
        CreateRoles(session, "revoke", "revoke roles for an etcd user", (users, user, roles, limit) => users.RevokeRolesAsync(user, roles, limit)),
        OfUser(session, "passwd", "change password for a user", async (users, user, limit) =>
        {
            // Setting the password of a user that does not exist would make one.
            _ = await users.UserRolesAsync(user, limit) ?? throw EtcdctlFailure.BadArguments($"auth: User {user} does not exist.");
            await users.SetUserAsync(user, PasswordPrompt.Ask(session.Context, "New password: "), limit);
            return new(user, "Password updated");
        }),
    };

    private static Command CreateGet(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("<user>");
        var command = new Command("get", "get details for a user") { words };
        command.SetAction((parsed, cancel) => session.OnAuthAsync(
            parsed,
            async (users, limit) =>
            {
                string user = NameOf(parsed.GetRequiredValue(words));
                var roles = await users.UserRolesAsync(user, limit) ?? throw EtcdctlFailure.BadArguments($"auth: User {user} does not exist.");
                session.Answer(
                    parsed,
                    // The original writes an empty role name first, hence two blanks.
                    $"User: {user}\nRoles: {string.Concat(roles.Select(role => " " + role))}\n",
                    writer =>
                    {
                        writer.WriteString("user"u8, user);
                        EtcdctlSession.WriteList(writer, "roles", roles);
                    });
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    private static Command CreateList(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("<user>");
        var command = new Command("list", "list all current users") { words };
        command.SetAction((parsed, cancel) => session.OnAuthAsync(
            parsed,
            async (users, limit) =>
            {
                EtcdctlSession.NoWords(parsed.GetRequiredValue(words));
                var all = await users.UsersAsync(limit);
                session.Answer(parsed, string.Concat(all.Select(user => user + "\n")), writer => EtcdctlSession.WriteList(writer, "users", all));
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    private static Command CreateRoles(
        EtcdctlSession session, string name, string description, Func<AuthApi, string, ImmutableArray<string>, CancellationToken, Task> change)
    {
        var words = EtcdctlSession.Words("<user>");
        var option = new Option<string>("--roles") { Description = "List of roles to grant or revoke" };
        var command = new Command(name, description) { words, option };
        command.SetAction((parsed, cancel) => session.OnAuthAsync(
            parsed,
            async (users, limit) =>
            {
                string user = NameOf(parsed.GetRequiredValue(words));
                if (parsed.GetValue(option) is not { Length: > 0 } roles)
                {
                    throw EtcdctlFailure.BadArguments("No roles specified; please use `-roles`");
                }

                await change(users, user, [.. roles.Split(',')], limit);
                session.AnswerChange(parsed, $"User {user} updated", name, "user", user);
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    private static Command OfUser(
        EtcdctlSession session, string name, string description, Func<AuthApi, string, CancellationToken, Task<Changed>> change)
    {
        var words = EtcdctlSession.Words("<user>");
        var command = new Command(name, description) { words };
        command.SetAction((parsed, cancel) => session.OnAuthAsync(
            parsed,
            async (users, limit) =>
            {
                var changed = await change(users, NameOf(parsed.GetRequiredValue(words)), limit);
                session.AnswerChange(parsed, changed.Text, name, "user", changed.User);
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    private static string NameOf(string[] words) => words is [var name] ? name : throw EtcdctlFailure.BadArguments("Please provide a username");

    private sealed record Changed(string User, string Text);
}
