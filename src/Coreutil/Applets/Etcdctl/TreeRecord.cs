using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Coreutil.Etcd.Api;

namespace Coreutil.Applets.Etcdctl;

/// <summary>
/// A line of a dumped tree: a key with its value, or a directory that says more than its keys do, because it is empty or will expire.
/// <c>{"key":"/a","value":"v","ttl":60}</c>, <c>{"key":"/d","dir":true}</c>.
/// </summary>
internal sealed record TreeRecord(string Key, string? Value, TimeSpan? Ttl)
{
    public bool IsDirectory => Value is null;

    /// <summary>The records of a listed tree, parents before their children.</summary>
    public static IEnumerable<TreeRecord> Of(KeyNode node)
    {
        TimeSpan? ttl = node.TtlSeconds == 0 ? null : TimeSpan.FromSeconds(Math.Max(1, node.TtlSeconds));
        if (!node.IsDirectory)
        {
            return [new TreeRecord(node.Key, node.Value ?? "", ttl)];
        }

        bool isRoot = node.Key.Length == 0 || node.Key == "/";
        ImmutableArray<TreeRecord> itself = !isRoot && (ttl is not null || node.Nodes.IsDefaultOrEmpty) ? [new TreeRecord(node.Key, null, ttl)] : [];
        return itself.Concat(node.Nodes.IsDefault ? [] : node.Nodes.SelectMany(Of));
    }

    public string ToJson() => Encoding.UTF8.GetString(EtcdJson.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("key"u8, Key);
        if (Value is null)
        {
            writer.WriteBoolean("dir"u8, true);
        }
        else
        {
            writer.WriteString("value"u8, Value);
        }

        if (Ttl is { } left)
        {
            writer.WriteNumber("ttl"u8, (long)left.TotalSeconds);
        }

        writer.WriteEndObject();
    }));

    /// <exception cref="FormatException">The line is no record; the message says which and why.</exception>
    public static TreeRecord Parse(string line, long lineNumber)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var record = document.RootElement;
            if (record.ValueKind != JsonValueKind.Object || !record.TryGetProperty("key"u8, out var key) || key.ValueKind != JsonValueKind.String)
            {
                throw new FormatException($"line {lineNumber} has no key");
            }

            bool isDirectory = record.TryGetProperty("dir"u8, out var dir) && dir.ValueKind == JsonValueKind.True;
            bool hasValue = record.TryGetProperty("value"u8, out var value) && value.ValueKind == JsonValueKind.String;
            if (isDirectory == hasValue)
            {
                throw new FormatException($"line {lineNumber} must have either a value or \"dir\":true");
            }

            long seconds = 0;
            if (record.TryGetProperty("ttl"u8, out var ttl) && (ttl.ValueKind != JsonValueKind.Number || !ttl.TryGetInt64(out seconds) || seconds <= 0 || seconds > int.MaxValue))
            {
                throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"line {lineNumber} has a ttl that is no number of seconds"));
            }

            return new TreeRecord(key.GetString()!, isDirectory ? null : value.GetString(), seconds == 0 ? null : TimeSpan.FromSeconds(seconds));
        }
        catch (JsonException malformed)
        {
            throw new FormatException($"line {lineNumber} is no JSON: {malformed.Message}", malformed);
        }
    }
}
