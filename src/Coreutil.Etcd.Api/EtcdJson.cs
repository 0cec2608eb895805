using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Coreutil.Etcd.Api;

/// <summary>The v2 API's JSON, read and written: field order and omissions are etcd 2.3's.</summary>
public static class EtcdJson
{
    /// <summary>A directory is two levels deep in JSON; the server takes keys of up to 255 components.</summary>
    private const int MaximumDepth = 1000;

    private static readonly JsonWriterOptions _options = new() { Encoder = GoJsonEncoder.Instance, SkipValidation = true, MaxDepth = MaximumDepth };
    private static readonly JsonReaderOptions _readerOptions = new() { MaxDepth = MaximumDepth };

    /// <summary>One event as the server sends it, with its closing newline.</summary>
    public static byte[] WriteEvent(KeyEvent occurred) => Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("action"u8, occurred.Action);
        writer.WritePropertyName("node"u8);
        WriteNode(writer, occurred.Node);
        if (occurred.PrevNode is { } previous)
        {
            writer.WritePropertyName("prevNode"u8);
            WriteNode(writer, previous);
        }

        writer.WriteEndObject();
    }, endsLine: true);

    /// <summary>A refusal as the server sends it, with its closing newline.</summary>
    public static byte[] WriteError(EtcdError error) => Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteNumber("errorCode"u8, (int)error.Code);
        writer.WriteString("message"u8, error.Message);
        if (error.Cause.Length > 0)
        {
            writer.WriteString("cause"u8, error.Cause);
        }

        writer.WriteNumber("index"u8, error.Index);
        writer.WriteEndObject();
    }, endsLine: true);

    /// <summary>Any JSON of the API, escaped as Go escapes.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> write, bool endsLine = false)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, _options))
        {
            write(writer);
        }

        if (endsLine)
        {
            buffer.Write("\n"u8);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>An event of a server; JsonException when it is none.</summary>
    public static KeyEvent ReadEvent(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, _readerOptions);
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("action"u8, out var action) && root.TryGetProperty("node"u8, out var node)
            ? new KeyEvent(action.GetString() ?? "", ReadNode(node), root.TryGetProperty("prevNode"u8, out var previous) && previous.ValueKind == JsonValueKind.Object ? ReadNode(previous) : null)
            : throw new JsonException("not an event of the v2 API: it has no action and node");
    }

    /// <summary>A server's refusal; null when the JSON is something else (a proxy's page, another API).</summary>
    public static EtcdError? ReadError(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, _readerOptions);
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("errorCode"u8, out var code) || !code.TryGetInt32(out int number))
            {
                return null;
            }

            return new EtcdError((EtcdErrorCode)number, Text(root, "cause"u8), Number(root, "index"u8)) { MessageOverride = Text(root, "message"u8) };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void WriteNode(Utf8JsonWriter writer, KeyNode node)
    {
        writer.WriteStartObject();
        if (node.Key.Length > 0)
        {
            writer.WriteString("key"u8, node.Key);
        }

        if (node.Value is { } value)
        {
            writer.WriteString("value"u8, value);
        }

        if (node.IsDirectory)
        {
            writer.WriteBoolean("dir"u8, true);
        }

        if (node.Expiration is { } expiration)
        {
            writer.WriteString("expiration"u8, FormatTime(expiration));
        }

        if (node.TtlSeconds != 0)
        {
            writer.WriteNumber("ttl"u8, node.TtlSeconds);
        }

        if (!node.Nodes.IsDefaultOrEmpty)
        {
            writer.WriteStartArray("nodes"u8);
            foreach (var child in node.Nodes)
            {
                WriteNode(writer, child);
            }

            writer.WriteEndArray();
        }

        if (node.ModifiedIndex != 0)
        {
            writer.WriteNumber("modifiedIndex"u8, node.ModifiedIndex);
        }

        if (node.CreatedIndex != 0)
        {
            writer.WriteNumber("createdIndex"u8, node.CreatedIndex);
        }

        writer.WriteEndObject();
    }

    /// <summary>Go's RFC3339Nano: UTC, the fraction without trailing zeros.</summary>
    public static string FormatTime(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static KeyNode ReadNode(JsonElement node)
    {
        bool isDirectory = node.TryGetProperty("dir"u8, out var dir) && dir.ValueKind == JsonValueKind.True;
        return new KeyNode
        {
            Key = Text(node, "key"u8),
            Value = node.TryGetProperty("value"u8, out var value) ? value.GetString() : null,
            IsDirectory = isDirectory,
            Expiration = node.TryGetProperty("expiration"u8, out var expiration) && expiration.ValueKind == JsonValueKind.String
                && DateTimeOffset.TryParse(expiration.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null,
            TtlSeconds = node.TryGetProperty("ttl"u8, out var ttl) && ttl.TryGetInt64(out long seconds) ? seconds : 0,
            Nodes = node.TryGetProperty("nodes"u8, out var nodes) && nodes.ValueKind == JsonValueKind.Array
                ? [.. nodes.EnumerateArray().Select(ReadNode)]
                : ImmutableArray<KeyNode>.Empty,
            ModifiedIndex = Number(node, "modifiedIndex"u8),
            CreatedIndex = Number(node, "createdIndex"u8),
        };
    }

    private static string Text(JsonElement parent, ReadOnlySpan<byte> name) =>
        parent.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() ?? "" : "";

    private static ulong Number(JsonElement parent, ReadOnlySpan<byte> name) =>
        parent.TryGetProperty(name, out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetUInt64(out ulong value) ? value : 0;
}
