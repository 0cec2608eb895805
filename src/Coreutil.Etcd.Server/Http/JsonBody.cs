using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Etcd.Server.Http;

/// <summary>A request's JSON as Go's encoding/json reads it: the first value of the body, names without regard to case, null as absent.</summary>
internal static class JsonBody
{
    private const int MaximumSize = 1 << 20;

    private static readonly JsonElement _empty = JsonElement.Parse("{}");

    /// <summary>The object (an empty one for JSON's null), or null when the body is none.</summary>
    public static async Task<JsonElement?> ReadAsync(HttpContext context) => await ReadBytesAsync(context) is { } bytes ? Parse(bytes) : null;

    /// <summary>The body, or null when it is too large.</summary>
    public static async Task<byte[]?> ReadBytesAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        byte[] buffer = new byte[8 << 10];
        int count;
        while (body.Length <= MaximumSize && (count = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            body.Write(buffer, 0, count);
        }

        return body.Length > MaximumSize ? null : body.ToArray();
    }

    /// <summary>What Go calls a value of this kind.</summary>
    public static string GoKind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        _ => "bool",
    };

    public static string Text(JsonElement parent, string name) => Member(parent, name) is { } value ? value.GetString() ?? "" : "";

    /// <summary>The texts of an array; default when it is absent or null.</summary>
    public static ImmutableArray<string> Texts(JsonElement parent, string name) =>
        Member(parent, name) is { } array ? [.. array.EnumerateArray().Select(item => item.GetString() ?? "")] : default;

    /// <summary>The member, unless it is absent or null.</summary>
    public static JsonElement? Member(JsonElement parent, string name)
    {
        foreach (var property in parent.EnumerateObject())
        {
            if (property.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && property.Value.ValueKind != JsonValueKind.Null)
            {
                return property.Value;
            }
        }

        return null;
    }

    private static JsonElement? Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes);
            var root = JsonElement.ParseValue(ref reader);
            return root.ValueKind switch
            {
                JsonValueKind.Object => root,
                JsonValueKind.Null => _empty,
                _ => null,
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
