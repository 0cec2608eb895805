using System.Text.Json;

namespace Coreutil.Applets.Etcdctl;

/// <summary>
/// A store of etcd 0.4 as JSON: nodes with Path, Value, ExpireTime and Children, the tree under Root. It is a file by itself (the migration
/// snapshot), or the base64 field <c>state</c> of a snapshot behind a line with its checksum.
/// </summary>
internal sealed class OldSnapshot
{
    /// <summary>Shorter lives are lengthened on import: what serves the key has time to come up again.</summary>
    private static readonly TimeSpan _shortestTtl = TimeSpan.FromSeconds(300);
    private readonly JsonElement _root;

    private OldSnapshot(JsonElement root) => _root = root;

    /// <exception cref="JsonException">The bytes are no such store.</exception>
    public static OldSnapshot Parse(ReadOnlySpan<byte> file)
    {
        int line = file.IndexOf((byte)'\n');
        if (line == 8 && file[0] != '{')
        {
            using var snapshot = JsonDocument.Parse(file[9..].ToArray());
            return Parse(snapshot.RootElement.GetProperty("state"u8).GetBytesFromBase64());
        }

        using var store = JsonDocument.Parse(file.ToArray(), new JsonDocumentOptions { MaxDepth = 1000 });
        return store.RootElement.ValueKind == JsonValueKind.Object && store.RootElement.TryGetProperty("Root"u8, out var root) && root.ValueKind == JsonValueKind.Object
            ? new(root.Clone())
            : throw new JsonException("it has no Root");
    }

    /// <summary>The keys below the root that are not hidden, and those below the hidden directories that were named; never the cluster's own.</summary>
    /// <exception cref="EtcdctlFailure">A named directory is not there.</exception>
    public IEnumerable<Entry> Keys(IReadOnlyCollection<string> hidden, DateTimeOffset now) =>
        Keys(_root, now).Concat(hidden.SelectMany(path => Keys(Find(path), now)));

    private static IEnumerable<Entry> Keys(JsonElement node, DateTimeOffset now)
    {
        if (node.TryGetProperty("Children"u8, out var children) && children.ValueKind == JsonValueKind.Object)
        {
            return children.EnumerateObject().Where(child => !child.Name.StartsWith('_')).OrderBy(child => child.Name, StringComparer.Ordinal).SelectMany(child => Keys(child.Value, now));
        }

        string value = node.TryGetProperty("Value"u8, out var text) ? text.GetString() ?? "" : "";
        return [new Entry(node.GetProperty("Path"u8).GetString() ?? "", value, TtlOf(node, now))];
    }

    private JsonElement Find(string path)
    {
        var node = _root;
        string passed = "";
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            passed += "/" + part;
            if (!node.TryGetProperty("Children"u8, out var children) || children.ValueKind != JsonValueKind.Object || !children.TryGetProperty(part, out node))
            {
                throw EtcdctlFailure.Error($"Key not found ({passed})", EtcdctlExit.ServerError);
            }
        }

        return node;
    }

    /// <summary>Go's zero time is no expiry.</summary>
    private static TimeSpan? TtlOf(JsonElement node, DateTimeOffset now)
    {
        if (!node.TryGetProperty("ExpireTime"u8, out var text) || !text.TryGetDateTimeOffset(out var expires) || expires.Year <= 1)
        {
            return null;
        }

        var left = expires - now;
        return left < _shortestTtl ? _shortestTtl : left;
    }

    internal sealed record Entry(string Key, string Value, TimeSpan? Ttl);
}
