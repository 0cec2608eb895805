using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Http;

namespace Coreutil.Etcd.Server.Auth;

/// <summary>Patterns of keys; one that ends in <c>*</c> means all keys that start so. A list is default where the JSON has none.</summary>
internal sealed record AuthPermissions(ImmutableArray<string> Read, ImmutableArray<string> Write)
{
    public static AuthPermissions None { get; } = new(default, default);

    public bool IsEmpty => Read.IsDefaultOrEmpty && Write.IsDefaultOrEmpty;

    /// <summary>Whether a request may pass; one that goes below its key needs a pattern that covers all of it.</summary>
    public bool Allows(string key, bool isRecursive, bool isWrite)
    {
        var patterns = isWrite ? Write : Read;
        return !patterns.IsDefault && patterns.Any(pattern => pattern.EndsWith('*')
            ? key.StartsWith(pattern[..^1], StringComparison.Ordinal)
            : !isRecursive && key == pattern);
    }
}

/// <summary>A role as kept in the store and as sent by clients.</summary>
internal sealed record AuthRole(string Name, AuthPermissions Permissions)
{
    public const string Root = "root";
    public const string Guest = "guest";

    /// <summary>The role that may everything; it is not in the store and cannot be changed.</summary>
    public static AuthRole RootRole { get; } = new(Root, new(["/*"], ["/*"]));

    /// <summary>What requests without credentials may, when nobody said otherwise: everything.</summary>
    public static AuthRole GuestRole { get; } = new(Guest, new(["/*"], ["/*"]));

    public AuthPermissions Grant { get; init; } = AuthPermissions.None;

    public AuthPermissions Revoke { get; init; } = AuthPermissions.None;

    public bool Allows(string key, bool isRecursive, bool isWrite) => Name == Root || Permissions.Allows(key, isRecursive, isWrite);

    public static AuthRole Read(JsonElement json) => new(JsonBody.Text(json, "role"), ReadPermissions(json, "permissions"))
    {
        Grant = ReadPermissions(json, "grant"),
        Revoke = ReadPermissions(json, "revoke"),
    };

    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("role"u8, Name);
        writer.WriteStartObject("permissions"u8);
        writer.WriteStartObject("kv"u8);
        WriteTexts(writer, "read", Permissions.Read);
        WriteTexts(writer, "write", Permissions.Write);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    public string ToRecord() => Encoding.UTF8.GetString(EtcdJson.Write(WriteTo));

    /// <summary>A list that was never set is null, as Go shows it.</summary>
    public static void WriteTexts(Utf8JsonWriter writer, string name, ImmutableArray<string> texts)
    {
        if (texts.IsDefault)
        {
            writer.WriteNull(name);
            return;
        }

        Member.WriteUrls(writer, name, texts);
    }

    private static AuthPermissions ReadPermissions(JsonElement json, string name) =>
        JsonBody.Member(json, name) is { } permissions && JsonBody.Member(permissions, "kv") is { } keys
            ? new(JsonBody.Texts(keys, "read"), JsonBody.Texts(keys, "write"))
            : AuthPermissions.None;
}
