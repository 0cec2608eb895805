using System.Collections.Immutable;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Server.Store;

/// <summary>The whole store at one index: whoever holds it reads without locks while the writer goes on.</summary>
internal sealed record StoreView(StoreNode Keys, StoreNode Cluster, StoreNode Auth, ulong Index)
{
    public static StoreView Empty { get; } = new(StoreNode.Root, StoreNode.Root, StoreNode.Root, 0);

    public StoreNode Root(StoreSpace space) => space switch
    {
        StoreSpace.Keys => Keys,
        StoreSpace.Cluster => Cluster,
        StoreSpace.Auth => Auth,
        _ => throw new InvalidOperationException($"unknown space {space}"),
    };

    public StoreView WithRoot(StoreSpace space, StoreNode root, ulong index) => space switch
    {
        StoreSpace.Keys => this with { Keys = root, Index = index },
        StoreSpace.Cluster => this with { Cluster = root, Index = index },
        StoreSpace.Auth => this with { Auth = root, Index = index },
        _ => throw new InvalidOperationException($"unknown space {space}"),
    };

    /// <summary>The node, or why there is none: 104 with the file in the way, 100 with the first missing component (etcd.md §1.5).</summary>
    public (StoreNode? Node, EtcdError? Refusal) Find(StoreSpace space, KeyPath path)
    {
        var node = Root(space);
        for (int depth = 0; depth < path.Length; depth++)
        {
            if (node.Children is null)
            {
                return (null, new EtcdError(EtcdErrorCode.NotDirectory, path.Prefix(depth), Index));
            }

            if (!node.Children.TryGetValue(path.Components[depth], out node!))
            {
                return (null, new EtcdError(EtcdErrorCode.KeyNotFound, path.Prefix(depth + 1), Index));
            }
        }

        return (node, null);
    }

    public (KeyEvent? Event, EtcdError? Refusal) Get(KeyPath path, bool isRecursive, DateTimeOffset now)
    {
        var (node, refusal) = Find(StoreSpace.Keys, path);
        return node is null ? (null, refusal) : (new KeyEvent("get", Describe(path.Text, node, isRecursive, now)), null);
    }

    /// <summary>A node as listed: with its children, and theirs if <paramref name="isRecursive"/>, hidden ones left out.</summary>
    private static KeyNode Describe(string key, StoreNode node, bool isRecursive, DateTimeOffset now)
    {
        var shown = Describe(key, node, now);
        if (node.Children is not { IsEmpty: false } children)
        {
            return shown;
        }

        var nodes = ImmutableArray.CreateBuilder<KeyNode>(children.Count);
        foreach (var (name, child) in children)
        {
            if (!KeyPath.IsHidden(name))
            {
                string childKey = KeyPath.Join(key, name);
                nodes.Add(isRecursive ? Describe(childKey, child, isRecursive, now) : Describe(childKey, child, now));
            }
        }

        return shown with { Nodes = nodes.ToImmutable() };
    }

    /// <summary>A node alone, as events show it.</summary>
    public static KeyNode Describe(string key, StoreNode node, DateTimeOffset now) => new()
    {
        Key = key == "/" ? "" : key,
        Value = node.Value,
        IsDirectory = node.IsDirectory,
        Expiration = node.Deadline,
        TtlSeconds = node.Deadline is { } deadline ? SecondsLeft(deadline - now) : 0,
        ModifiedIndex = node.ModifiedIndex,
        CreatedIndex = node.CreatedIndex,
    };

    /// <summary>Rounded up while it lives; overdue times are cut towards zero (etcd.md §1.8).</summary>
    private static long SecondsLeft(TimeSpan left)
    {
        long seconds = left.Ticks / TimeSpan.TicksPerSecond;
        return left.Ticks % TimeSpan.TicksPerSecond > 0 ? seconds + 1 : seconds;
    }
}
