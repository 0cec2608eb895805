using System.Text.Json;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Auth;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Etcd.Server.Http;

/// <summary>/v2/auth: users, roles and the switch (etcd.md §3).</summary>
internal sealed class AuthHandler(MemberContext member)
{
    private readonly AuthStore _auth = member.Auth;

    /// <param name="path">What follows /v2/auth.</param>
    public async Task HandleAsync(HttpContext context, string path)
    {
        try
        {
            await DispatchAsync(context, path, path.TrimEnd('/').Split('/'));
        }
        catch (TimeoutException)
        {
            // No quorum answered: it may be done or not.
            await Reply.MessageAsync(context, StatusCodes.Status500InternalServerError, "Internal Server Error");
        }
    }

    private Task DispatchAsync(HttpContext context, string path, string[] parts) => parts switch
    {
        [_, "enable"] when !path.EndsWith('/') => SwitchAsync(context),
        [_, "users"] => ListAsync(context, writer => WriteUsers(writer)),
        [_, "users", var name] => UserAsync(context, name),
        [_, "roles"] => ListAsync(context, WriteRoles),
        [_, "roles", var name] => RoleAsync(context, name),
        [_, "users" or "roles", ..] => Reply.MessageAsync(context, StatusCodes.Status400BadRequest, "Invalid path"),
        _ => Reply.NotFoundAsync(context),
    };

    private async Task SwitchAsync(HttpContext context)
    {
        if (!IsAllowedMethod(context, "GET", "PUT", "DELETE"))
        {
            await Reply.MethodNotAllowedAsync(context, "GET,PUT,DELETE");
            return;
        }

        // Whether rights are checked at all is everybody's to know.
        if (context.Request.Method != "GET" && !await BeginAsync(context))
        {
            return;
        }

        Identify(context);
        if (context.Request.Method == "GET")
        {
            await SendAsync(context, StatusCodes.Status200OK, writer =>
            {
                writer.WriteStartObject();
                writer.WriteBoolean("enabled"u8, _auth.IsEnabled);
                writer.WriteEndObject();
            });
            return;
        }

        await DoneAsync(context, context.Request.Method == "PUT"
            ? await _auth.EnableAsync(context.RequestAborted)
            : await _auth.DisableAsync(context.RequestAborted));
    }

    private async Task ListAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        if (!IsAllowedMethod(context, "GET"))
        {
            await Reply.MethodNotAllowedAsync(context, "GET");
        }
        else if (await BeginAsync(context))
        {
            await SendAsync(context, StatusCodes.Status200OK, write);
        }
    }

    private Task UserAsync(HttpContext context, string name) => ItemAsync(
        context, () => ShowUserAsync(context, name), () => PutUserAsync(context, name), () => _auth.DeleteUserAsync(name, context.RequestAborted));

    private Task RoleAsync(HttpContext context, string name) => ItemAsync(
        context, () => ShowRoleAsync(context, name), () => PutRoleAsync(context, name), () => _auth.DeleteRoleAsync(name, context.RequestAborted));

    private async Task ItemAsync(HttpContext context, Func<Task> show, Func<Task> put, Func<Task<AuthRefusal?>> delete)
    {
        if (!IsAllowedMethod(context, "GET", "PUT", "DELETE"))
        {
            await Reply.MethodNotAllowedAsync(context, "GET,PUT,DELETE");
            return;
        }

        if (!await BeginAsync(context))
        {
            return;
        }

        switch (context.Request.Method)
        {
            case "DELETE":
                await DoneAsync(context, await delete());
                break;
            case "PUT":
                await put();
                break;
            default:
                await show();
                break;
        }
    }

    private Task ShowUserAsync(HttpContext context, string name)
    {
        if (_auth.User(name) is not { } user)
        {
            return Reply.MessageAsync(context, StatusCodes.Status404NotFound, $"auth: User {name} does not exist.");
        }

        string? missing = user.Roles.IsDefault ? null : user.Roles.FirstOrDefault(role => _auth.Role(role) is null);
        return missing is null
            ? SendAsync(context, StatusCodes.Status200OK, writer => WriteUser(writer, user))
            : Reply.MessageAsync(context, StatusCodes.Status404NotFound, $"auth: Role {missing} does not exist.");
    }

    private async Task PutUserAsync(HttpContext context, string name)
    {
        var (change, refusal) = await ReadAsync(context, AuthUser.Read);
        refusal ??= change!.Name != name ? "User JSON name does not match the name in the URL"
            : change.IsGrantOrRevoke && !change.Roles.IsDefaultOrEmpty ? "User JSON contains both roles and grant/revoke" : null;
        if (refusal is not null)
        {
            await Reply.MessageAsync(context, StatusCodes.Status400BadRequest, refusal);
            return;
        }

        // With roles and no grants it can only be a new user; without either it is a new one or a new password.
        bool isUpdate = change!.IsGrantOrRevoke || (change.Roles.IsDefaultOrEmpty && _auth.User(name) is not null);
        var (user, failure) = isUpdate
            ? await _auth.UpdateUserAsync(change, context.RequestAborted)
            : await _auth.CreateUserAsync(change, context.RequestAborted);
        bool isCreated = !isUpdate && change.Roles.IsDefaultOrEmpty;
        await (user is null
            ? RefuseAsync(context, failure!)
            : SendAsync(context, isCreated ? StatusCodes.Status201Created : StatusCodes.Status200OK, (user with { Password = "" }).WriteTo));
    }

    private Task ShowRoleAsync(HttpContext context, string name) => _auth.Role(name) is { } role
        ? SendAsync(context, StatusCodes.Status200OK, role.WriteTo)
        : Reply.MessageAsync(context, StatusCodes.Status404NotFound, $"auth: Role {name} does not exist.");

    private async Task PutRoleAsync(HttpContext context, string name)
    {
        var (change, refusal) = await ReadAsync(context, AuthRole.Read);
        bool isUpdate = change is not null && !(change.Grant.IsEmpty && change.Revoke.IsEmpty);
        refusal ??= change!.Name != name ? "Role JSON name does not match the name in the URL"
            : isUpdate && !change.Permissions.IsEmpty ? "Role JSON contains both permissions and grant/revoke" : null;
        if (refusal is not null)
        {
            await Reply.MessageAsync(context, StatusCodes.Status400BadRequest, refusal);
            return;
        }

        var (role, failure) = isUpdate
            ? await _auth.UpdateRoleAsync(change!, context.RequestAborted)
            : (change, await _auth.CreateRoleAsync(change!, context.RequestAborted));
        await (failure is null
            ? SendAsync(context, isUpdate ? StatusCodes.Status200OK : StatusCodes.Status201Created, role!.WriteTo)
            : RefuseAsync(context, failure));
    }

    private void WriteUsers(Utf8JsonWriter writer)
    {
        AuthUser[] users = [.. _auth.UserNames.Select(_auth.User).OfType<AuthUser>()];
        writer.WriteStartObject();
        if (users.Length == 0)
        {
            writer.WriteNull("users"u8);
        }
        else
        {
            writer.WriteStartArray("users"u8);
            foreach (var user in users)
            {
                WriteUser(writer, user);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    /// <summary>A user with the whole of its roles; those that do not exist are left out.</summary>
    private void WriteUser(Utf8JsonWriter writer, AuthUser user)
    {
        AuthRole[] roles = user.Roles.IsDefault ? [] : [.. user.Roles.Select(_auth.Role).OfType<AuthRole>()];
        writer.WriteStartObject();
        writer.WriteString("user"u8, user.Name);
        if (roles.Length > 0)
        {
            writer.WriteStartArray("roles"u8);
            foreach (var role in roles)
            {
                role.WriteTo(writer);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private void WriteRoles(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("roles"u8);
        foreach (var role in _auth.RoleNames.Select(_auth.Role).OfType<AuthRole>())
        {
            role.WriteTo(writer);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static async Task<(T? Value, string? Refusal)> ReadAsync<T>(HttpContext context, Func<JsonElement, T> read)
        where T : class
    {
        try
        {
            return await JsonBody.ReadAsync(context) is { } body ? (read(body), null) : (null, "Invalid JSON in request body.");
        }
        catch (InvalidOperationException)
        {
            // A member of another kind than it must be.
            return (null, "Invalid JSON in request body.");
        }
    }

    private static bool IsAllowedMethod(HttpContext context, params string[] methods) => methods.Contains(context.Request.Method);

    /// <summary>Only root goes on; who is refused learns not even the cluster's id.</summary>
    private async Task<bool> BeginAsync(HttpContext context)
    {
        if (!member.Access.MayAdminister(context.Request.Headers.Authorization))
        {
            await Reply.MessageAsync(context, StatusCodes.Status401Unauthorized, "Insufficient credentials");
            return false;
        }

        Identify(context);
        return true;
    }

    private void Identify(HttpContext context) => context.Response.Headers["X-Etcd-Cluster-Id"] = member.ClusterIdText;

    private static Task DoneAsync(HttpContext context, AuthRefusal? refusal) => refusal is null
        ? Reply.WriteAsync(context, StatusCodes.Status200OK, Reply.Json, ReadOnlyMemory<byte>.Empty)
        : RefuseAsync(context, refusal);

    private static Task RefuseAsync(HttpContext context, AuthRefusal refusal) => Reply.MessageAsync(context, (int)refusal.Status, refusal.Message);

    private static Task SendAsync(HttpContext context, int status, Action<Utf8JsonWriter> write) =>
        Reply.WriteAsync(context, status, Reply.Json, EtcdJson.Write(write, endsLine: true));
}
