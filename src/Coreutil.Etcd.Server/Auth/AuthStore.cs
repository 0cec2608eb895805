using System.Net;
using System.Text.Json;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Consensus;
using Coreutil.Etcd.Server.Store;

namespace Coreutil.Etcd.Server.Auth;

/// <summary>
/// Users, roles and the switch, kept by consensus in a tree of their own. Each change is an event of the store and counts as an index,
/// the first one four more: etcd makes its directories then.
/// </summary>
internal sealed class AuthStore(KeyStore store, ConsensusLoop loop, TimeProvider time)
{
    /// <summary>etcd's place for it; keys of clients live under <c>/1</c> there.</summary>
    private const string Top = "/2";
    private const string EnabledKey = Top + "/enabled";

    /// <summary>The tree as it is: another object after any change.</summary>
    public StoreNode Version => store.View.Auth;

    public bool IsEnabled => Version.Find(["2", "enabled"])?.Value == "true";

    public IEnumerable<string> UserNames => Names("users");

    public IEnumerable<string> RoleNames => Names("roles").Append(AuthRole.Root).Order(StringComparer.Ordinal);

    public AuthUser? User(string name) => Record("users", name) is { } record ? AuthUser.Read(record).WithRootRole() : null;

    public AuthRole? Role(string name) => name == AuthRole.Root ? AuthRole.RootRole : Record("roles", name) is { } record ? AuthRole.Read(record) : null;

    public async Task<(AuthUser? User, AuthRefusal? Refusal)> CreateUserAsync(AuthUser user, CancellationToken cancel)
    {
        if (user.Password.Length == 0)
        {
            return (null, new(HttpStatusCode.BadRequest, $"Cannot create user {user.Name} with an empty password"));
        }

        var created = user.WithRootRole() with { Password = Passwords.Hash(user.Password) };
        return await WriteAsync(StoreAction.Create, $"{Top}/users/{user.Name}", created.ToRecord(), cancel)
            ? (created, null)
            : (null, new(HttpStatusCode.Conflict, $"User {user.Name} already exists."));
    }

    public async Task<(AuthUser? User, AuthRefusal? Refusal)> UpdateUserAsync(AuthUser change, CancellationToken cancel)
    {
        if (User(change.Name) is not { } stored)
        {
            return (null, new(HttpStatusCode.NotFound, $"User {change.Name} does not exist."));
        }

        string password = change.Password.Length > 0 ? Passwords.Hash(change.Password) : "";
        var (updated, refusal) = AuthRules.Merge(stored, change with { Password = password });
        if (updated is not null)
        {
            await WriteAsync(StoreAction.Set, $"{Top}/users/{change.Name}", updated.ToRecord(), cancel);
        }

        return (updated, refusal);
    }

    public async Task<AuthRefusal?> DeleteUserAsync(string name, CancellationToken cancel)
    {
        if (IsEnabled && name == AuthUser.Root)
        {
            return new(HttpStatusCode.Forbidden, "Cannot delete root user while auth is enabled.");
        }

        return await WriteAsync(StoreAction.Delete, $"{Top}/users/{name}", "", cancel) ? null : new(HttpStatusCode.NotFound, $"User {name} does not exist");
    }

    public async Task<AuthRefusal?> CreateRoleAsync(AuthRole role, CancellationToken cancel)
    {
        if (role.Name == AuthRole.Root)
        {
            return RootIsFixed;
        }

        return await WriteAsync(StoreAction.Create, $"{Top}/roles/{role.Name}", role.ToRecord(), cancel)
            ? null
            : new(HttpStatusCode.Conflict, $"Role {role.Name} already exists.");
    }

    public async Task<(AuthRole? Role, AuthRefusal? Refusal)> UpdateRoleAsync(AuthRole change, CancellationToken cancel)
    {
        if (change.Name == AuthRole.Root)
        {
            return (null, RootIsFixed);
        }

        if (Role(change.Name) is not { } stored)
        {
            return (null, new(HttpStatusCode.NotFound, $"Role {change.Name} does not exist."));
        }

        var (updated, refusal) = AuthRules.Merge(stored, change);
        if (updated is not null)
        {
            await WriteAsync(StoreAction.Set, $"{Top}/roles/{change.Name}", updated.ToRecord(), cancel);
        }

        return (updated, refusal);
    }

    public async Task<AuthRefusal?> DeleteRoleAsync(string name, CancellationToken cancel)
    {
        if (name == AuthRole.Root)
        {
            return RootIsFixed;
        }

        return await WriteAsync(StoreAction.Delete, $"{Top}/roles/{name}", "", cancel) ? null : new(HttpStatusCode.NotFound, $"Role {name} doesn't exist.");
    }

    public async Task<AuthRefusal?> EnableAsync(CancellationToken cancel)
    {
        if (IsEnabled)
        {
            return new(HttpStatusCode.Conflict, "already enabled");
        }

        if (User(AuthUser.Root) is null)
        {
            return new(HttpStatusCode.Conflict, "No root user available, please create one");
        }

        if (Role(AuthRole.Guest) is null)
        {
            await CreateRoleAsync(AuthRole.GuestRole, cancel);
        }

        await WriteAsync(StoreAction.Set, EnabledKey, "true", cancel);
        return null;
    }

    public async Task<AuthRefusal?> DisableAsync(CancellationToken cancel)
    {
        if (!IsEnabled)
        {
            return new(HttpStatusCode.Conflict, "already disabled");
        }

        await WriteAsync(StoreAction.Set, EnabledKey, "false", cancel);
        return null;
    }

    private static AuthRefusal RootIsFixed { get; } = new(HttpStatusCode.Forbidden, "Cannot modify role root: is root role.");

    private IEnumerable<string> Names(string kind) => Version.Find(["2", kind])?.Children?.Keys.AsEnumerable() ?? [];

    private JsonElement? Record(string kind, string name) =>
        name.Length > 0 && Version.Find(["2", kind, name])?.Value is { } record ? JsonElement.Parse(record) : null;

    /// <summary>False when the record was there already, or was not.</summary>
    private async Task<bool> WriteAsync(StoreAction action, string key, string value, CancellationToken cancel)
    {
        if (Version.Find(["2", "enabled"]) is null)
        {
            foreach (string directory in (string[])[Top, Top + "/users", Top + "/roles"])
            {
                await ProposeAsync(StoreAction.Create, directory, "", isDirectory: true, cancel);
            }

            await ProposeAsync(StoreAction.Create, EnabledKey, "false", isDirectory: false, cancel);
        }

        return await ProposeAsync(action, key, value, isDirectory: false, cancel) is null;
    }

    private async Task<EtcdError?> ProposeAsync(StoreAction action, string key, string value, bool isDirectory, CancellationToken cancel)
    {
        var command = new StoreCommand(action, key, time.GetUtcNow()) { Space = StoreSpace.Auth, Value = value, IsDirectory = isDirectory };
        var refusal = (await loop.ProposeAsync(command, cancel)).Outcome.Refusal;
        return refusal is { Code: EtcdErrorCode.RaftInternal } ? throw new TimeoutException(refusal.Cause) : refusal;
    }
}
