using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Http;

namespace Coreutil.Etcd.Server.Auth;

/// <summary>A user as kept in the store and as sent by clients; lists are default where the JSON has none, which shows as null.</summary>
/// <param name="Password">Clear in a request, bcrypt's hash in the store.</param>
internal sealed record AuthUser(string Name, string Password, ImmutableArray<string> Roles)
{
    public const string Root = "root";

    public ImmutableArray<string> Grant { get; init; }

    public ImmutableArray<string> Revoke { get; init; }

    public bool IsGrantOrRevoke => !Grant.IsDefaultOrEmpty || !Revoke.IsDefaultOrEmpty;

    /// <summary>The user root has the role root, whatever is stored.</summary>
    public AuthUser WithRootRole() => Name != Root || (!Roles.IsDefault && Roles.Contains(AuthRole.Root))
        ? this
        : this with { Roles = [.. Roles.IsDefault ? [] : Roles, AuthRole.Root] };

    public static AuthUser Read(JsonElement json) => new(JsonBody.Text(json, "user"), JsonBody.Text(json, "password"), JsonBody.Texts(json, "roles"))
    {
        Grant = JsonBody.Texts(json, "grant"),
        Revoke = JsonBody.Texts(json, "revoke"),
    };

    /// <summary>With the password for the store, without it for a reply.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("user"u8, Name);
        if (Password.Length > 0)
        {
            writer.WriteString("password"u8, Password);
        }

        AuthRole.WriteTexts(writer, "roles", Roles);
        writer.WriteEndObject();
    }

    public string ToRecord() => Encoding.UTF8.GetString(EtcdJson.Write(WriteTo));
}
