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
            _ = await RolesAsync(users, user, limit);
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
            () => NameOf(parsed.GetRequiredValue(words)),
            async (users, user, limit) =>
            {
                var roles = await RolesAsync(users, user, limit);
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
            () => EtcdctlSession.NoWords(parsed.GetRequiredValue(words)),
            async (users, _, limit) =>
            {
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
        var option = new Option<string[]>("--roles") { Description = "List of roles to grant or revoke", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command(name, description) { words, option };
        command.SetAction((parsed, cancel) => session.OnAuthAsync(
            parsed,
            () => Roles(parsed.GetValue(option) ?? [], parsed.GetRequiredValue(words)),
            async (users, given, limit) =>
            {
                _ = await RolesAsync(users, given.User, limit);
                await change(users, given.User, given.Roles, limit);
                session.AnswerChange(parsed, $"User {given.User} updated", name, "user", given.User);
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    /// <summary>Roles are repeated options or, an addition, a list with commas. The original looks for them before it looks for a name.</summary>
    internal static (string User, ImmutableArray<string> Roles) Roles(string[] roles, string[] words) => roles.Length == 0
        ? throw EtcdctlFailure.BadArguments("No roles specified; please use `-roles`")
        : (NameOf(words), [.. roles.SelectMany(role => role.Split(','))]);

    private static async Task<ImmutableArray<string>> RolesAsync(AuthApi users, string user, CancellationToken cancel) =>
        await users.UserRolesAsync(user, cancel) ?? throw EtcdctlFailure.BadArguments($"auth: User {user} does not exist.");

    private static Command OfUser(
        EtcdctlSession session, string name, string description, Func<AuthApi, string, CancellationToken, Task<Changed>> change)
    {
        var words = EtcdctlSession.Words("<user>");
        var command = new Command(name, description) { words };
        command.SetAction((parsed, cancel) => session.OnAuthAsync(
            parsed,
            () => NameOf(parsed.GetRequiredValue(words)),
            async (users, user, limit) =>
            {
                var changed = await change(users, user, limit);
                session.AnswerChange(parsed, changed.Text, name, "user", changed.User);
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    private static string NameOf(string[] words) => words is [var name] ? name : throw EtcdctlFailure.BadArguments("Please provide a username");

    private sealed record Changed(string User, string Text);
}
