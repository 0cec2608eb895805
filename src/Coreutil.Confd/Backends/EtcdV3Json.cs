using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Coreutil.Confd.Templates;

namespace Coreutil.Confd.Backends;

/// <summary>The bodies of etcd v3's JSON gateway: 64-bit numbers are texts, keys and values base64 (its documentation: "gRPC gateway").</summary>
internal static class EtcdV3Json
{
    /// <summary>A range: up to, but without, its end; a null end is the one key.</summary>
    public readonly record struct KeyRange(string Key, string? End);

    /// <summary>The key itself and all below it: "/ab" does not pull "/abc". The character after the slash ends the range.</summary>
    public static IEnumerable<KeyRange> RangesOf(string key) =>
        key == "/" ? [new("/", "0")] : [new(key, null), new(key + "/", key + "0")];

    /// <summary>One transaction of range reads; revision 0 is the latest.</summary>
    public static string Transaction(IEnumerable<KeyRange> ranges, long revision) => Write(writer =>
    {
        writer.WriteStartArray("success"u8);
        foreach (var range in ranges)
        {
            writer.WriteStartObject();
            writer.WriteStartObject("requestRange"u8);
            WriteRange(writer, range, "rangeEnd");
            if (revision > 0)
            {
                writer.WriteString("revision"u8, revision.ToString(CultureInfo.InvariantCulture));
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    public static string Watch(KeyRange range) => Write(writer =>
    {
        writer.WriteStartObject("create_request"u8);
        WriteRange(writer, range, "range_end");
        writer.WriteEndObject();
    });

    public static string Authenticate(string name, string password) => Write(writer =>
    {
        writer.WriteString("name"u8, name);
        writer.WriteString("password"u8, password);
    });

    /// <summary>The pairs of a transaction's answer and the revision it was read at.</summary>
    public static (ImmutableArray<KeyValuePair<string, string>> Pairs, long Revision) ReadTransaction(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        var pairs = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        foreach (var response in Elements(root, "responses"))
        {
            foreach (var pair in Elements(response.GetProperty("response_range"u8), "kvs"))
            {
                pairs.Add(new(Bytes(pair, "key"), Bytes(pair, "value")));
            }
        }

        return (pairs.ToImmutable(), Number(root.GetProperty("header"u8), "revision"));
    }

    public static string ReadToken(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        return document.RootElement.GetProperty("token"u8).GetString() ?? "";
    }

    /// <summary>The reason of a refusal, whatever its form.</summary>
    public static string ReadError(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            foreach (string name in (string[])["message", "error"])
            {
                if (document.RootElement.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String)
                {
                    return text.GetString()!;
                }
            }
        }
        catch (JsonException)
        {
            // Not of the gateway: an etcd without it, or another server. The text itself says which.
        }

        return Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 80))).TrimEnd();
    }

    /// <summary>The keys of one line of a watch; empty when it begins, null when it has ended and must be opened anew.</summary>
    public static ImmutableArray<string>? ReadWatchLine(string line)
    {
        using var document = JsonDocument.Parse(line);
        if (!document.RootElement.TryGetProperty("result"u8, out var result)
            || (result.TryGetProperty("canceled"u8, out var canceled) && canceled.ValueKind == JsonValueKind.True))
        {
            return null;
        }

        return [.. Elements(result, "events").Select(happened => Bytes(happened.GetProperty("kv"u8), "key"))];
    }

    private static void WriteRange(Utf8JsonWriter writer, KeyRange range, string endName)
    {
        writer.WriteBase64String("key"u8, GoText.ToBytes(range.Key));
        if (range.End is { } end)
        {
            writer.WriteBase64String(endName, GoText.ToBytes(end));
        }
    }

    private static string Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static IEnumerable<JsonElement> Elements(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var array) && array.ValueKind == JsonValueKind.Array ? array.EnumerateArray() : Enumerable.Empty<JsonElement>();

    /// <summary>An empty value is left out.</summary>
    private static string Bytes(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var text) ? GoText.FromBytes(text.GetBytesFromBase64()) : "";

    private static long Number(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var text) && long.TryParse(text.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;
}
