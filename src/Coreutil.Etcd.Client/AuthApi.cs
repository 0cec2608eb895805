using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.Json;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Client;

/// <summary>What a role may do below /v2/keys: patterns, where a closing star stands for every key that begins so.</summary>
public sealed record RolePermissions(string Role, ImmutableArray<string> Read, ImmutableArray<string> Write);

/// <summary>Users, roles and the switch of authentication over HTTP. A refusal is thrown as <see cref="EtcdApiException"/>.</summary>
public sealed class AuthApi(EtcdHttpClient http)
{
    private const string Users = "/v2/auth/users";
    private const string Roles = "/v2/auth/roles";
    private const string Switch = "/v2/auth/enable";

    public Task EnableAsync(CancellationToken cancel) => SendAsync(HttpMethod.Put, Switch, null, cancel);

    public Task DisableAsync(CancellationToken cancel) => SendAsync(HttpMethod.Delete, Switch, null, cancel);

    public async Task<ImmutableArray<string>> UsersAsync(CancellationToken cancel)
    {
        using var list = await http.SendJsonAsync(new(HttpMethod.Get, Users), cancel);
        return Names(list.RootElement, "users", "user");
    }

    /// <summary>The names of the user's roles; null where there is no such user.</summary>
    public async Task<ImmutableArray<string>?> UserRolesAsync(string user, CancellationToken cancel)
    {
        try
        {
            using var found = await http.SendJsonAsync(new(HttpMethod.Get, PathOf(Users, user)), cancel);
            return Names(found.RootElement, "roles", "role");
        }
        catch (EtcdApiException refused) when (refused.Status == HttpStatusCode.NotFound && refused.Message.StartsWith("auth: User ", StringComparison.Ordinal))
        {
            // The status alone does not say it: a user with a role that is gone is answered 404, too.
            return null;
        }
    }

    /// <summary>Makes the user, or changes the password of one that exists.</summary>
    public Task SetUserAsync(string user, string password, CancellationToken cancel) => SendAsync(
        HttpMethod.Put,
        PathOf(Users, user),
        writer =>
        {
            writer.WriteString("user"u8, user);
            if (password.Length > 0)
            {
                writer.WriteString("password"u8, password);
            }

            writer.WriteNull("roles"u8);
        },
        cancel);

    public Task RemoveUserAsync(string user, CancellationToken cancel) => SendAsync(HttpMethod.Delete, PathOf(Users, user), null, cancel);

    public Task GrantRolesAsync(string user, ImmutableArray<string> roles, CancellationToken cancel) => ChangeRolesAsync(user, "grant", roles, cancel);

    public Task RevokeRolesAsync(string user, ImmutableArray<string> roles, CancellationToken cancel) => ChangeRolesAsync(user, "revoke", roles, cancel);

    public async Task<ImmutableArray<string>> RolesAsync(CancellationToken cancel)
    {
        using var list = await http.SendJsonAsync(new(HttpMethod.Get, Roles), cancel, isToldByStatus: _ => true);
        return Names(list.RootElement, "roles", "role");
    }

    public async Task<RolePermissions> RoleAsync(string role, CancellationToken cancel)
    {
        using var found = await http.SendJsonAsync(new(HttpMethod.Get, PathOf(Roles, role)), cancel);
        return found.RootElement.TryGetProperty("permissions"u8, out var permissions) && permissions.TryGetProperty("kv"u8, out var keys)
            ? new(role, Texts(keys, "read"), Texts(keys, "write"))
            : new(role, [], []);
    }

    public Task CreateRoleAsync(string role, CancellationToken cancel) => SendAsync(
        HttpMethod.Put,
        PathOf(Roles, role),
        writer =>
        {
            writer.WriteString("role"u8, role);
            WritePermissions(writer, "permissions", [], []);
        },
        cancel);

    public Task RemoveRoleAsync(string role, CancellationToken cancel) => SendAsync(HttpMethod.Delete, PathOf(Roles, role), null, cancel);

    public Task GrantAsync(RolePermissions permissions, CancellationToken cancel) => ChangePermissionsAsync("grant", permissions, cancel);

    public Task RevokeAsync(RolePermissions permissions, CancellationToken cancel) => ChangePermissionsAsync("revoke", permissions, cancel);

    private Task ChangeRolesAsync(string user, string change, ImmutableArray<string> roles, CancellationToken cancel) => SendAsync(
        HttpMethod.Put,
        PathOf(Users, user),
        writer =>
        {
            writer.WriteString("user"u8, user);
            writer.WriteNull("roles"u8);
            Member.WriteUrls(writer, change, roles);
        },
        cancel);

    private Task ChangePermissionsAsync(string change, RolePermissions permissions, CancellationToken cancel) => SendAsync(
        HttpMethod.Put,
        PathOf(Roles, permissions.Role),
        writer =>
        {
            writer.WriteString("role"u8, permissions.Role);
            WritePermissions(writer, "permissions", [], []);
            WritePermissions(writer, change, permissions.Read, permissions.Write);
        },
        cancel);

    private async Task SendAsync(HttpMethod method, string path, Action<Utf8JsonWriter>? fields, CancellationToken cancel)
    {
        string? json = fields is null ? null : Encoding.UTF8.GetString(EtcdJson.Write(writer =>
        {
            writer.WriteStartObject();
            fields(writer);
            writer.WriteEndObject();
        }));
        using var reply = await http.SendJsonAsync(new(method, path) { Json = json }, cancel);
    }

    private static void WritePermissions(Utf8JsonWriter writer, string name, ImmutableArray<string> read, ImmutableArray<string> write)
    {
        writer.WriteStartObject(name);
        writer.WriteStartObject("kv"u8);
        WritePatterns(writer, "read", read);
        WritePatterns(writer, "write", write);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Go writes a list that was never made as null.</summary>
    private static void WritePatterns(Utf8JsonWriter writer, string name, ImmutableArray<string> patterns)
    {
        if (patterns.IsEmpty)
        {
            writer.WriteNull(name);
            return;
        }

        Member.WriteUrls(writer, name, patterns);
    }

    private static string PathOf(string collection, string name) => GoEscape.Path($"{collection}/{name}");

    /// <summary>A list of objects by their names; older and newer servers list the bare names instead, or null for none.</summary>
    private static ImmutableArray<string> Names(JsonElement parent, string list, string name) =>
        parent.TryGetProperty(list, out var found) && found.ValueKind == JsonValueKind.Array
            ? [.. found.EnumerateArray().Select(item => (item.ValueKind == JsonValueKind.Object ? item.GetProperty(name) : item).GetString() ?? "")]
            : [];

    private static ImmutableArray<string> Texts(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(text => text.GetString() ?? "")] : [];
}
