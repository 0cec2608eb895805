using Coreutil.Etcd.Api;

namespace Coreutil.Fleet.Registry;

/// <summary>A listing of the store as keys named from the registry's root on.</summary>
internal static class RegistryTree
{
    public static Dictionary<string, MirroredKey> Flatten(KeyNode? root, string rootKey)
    {
        var flat = new Dictionary<string, MirroredKey>(StringComparer.Ordinal);
        var open = new Stack<KeyNode>();
        if (root is not null)
        {
            open.Push(root);
        }

        while (open.TryPop(out var node))
        {
            if (!node.IsDirectory && RelativeName(node.Key, rootKey) is { } name)
            {
                flat[name] = new(node.Value ?? "", node.CreatedIndex, node.TtlSeconds);
            }

            foreach (var child in node.Nodes.IsDefault ? [] : node.Nodes)
            {
                open.Push(child);
            }
        }

        return flat;
    }

    /// <summary>Null for a key above the root, "" for the root itself.</summary>
    public static string? RelativeName(string key, string rootKey) =>
        key == rootKey ? "" : key.StartsWith(rootKey + "/", StringComparison.Ordinal) ? key[(rootKey.Length + 1)..] : null;
}
