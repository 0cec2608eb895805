using System.Collections.Immutable;

namespace Coreutil.Etcd.Server.Store;

/// <summary>
/// A file or a directory, immutable: a change makes new nodes on the path to the root and shares all others, so a reader's root never changes.
/// A node does not know its key; the way to it does.
/// </summary>
internal sealed record StoreNode
{
    private static readonly ImmutableSortedDictionary<string, StoreNode> _noChildren =
        ImmutableSortedDictionary.Create<string, StoreNode>(KeyOrder.Instance);

    public static StoreNode Root { get; } = new() { Children = _noChildren };

    /// <summary>Null for a directory.</summary>
    public string? Value { get; init; }

    /// <summary>Null for a file.</summary>
    public ImmutableSortedDictionary<string, StoreNode>? Children { get; init; }

    public ulong CreatedIndex { get; init; }

    public ulong ModifiedIndex { get; init; }

    /// <summary>When it expires; null lives for ever.</summary>
    public DateTimeOffset? Deadline { get; init; }

    public bool IsDirectory => Children is not null;

    public static StoreNode File(string value, ulong index, DateTimeOffset? deadline) =>
        new() { Value = value, CreatedIndex = index, ModifiedIndex = index, Deadline = deadline };

    public static StoreNode Directory(ulong index, DateTimeOffset? deadline) =>
        new() { Children = _noChildren, CreatedIndex = index, ModifiedIndex = index, Deadline = deadline };

    /// <summary>This tree with <paramref name="leaf"/> at <paramref name="path"/>; missing parents are made with the leaf's index.</summary>
    public StoreNode With(ReadOnlySpan<string> path, StoreNode leaf)
    {
        if (path.IsEmpty)
        {
            return leaf;
        }

        var children = Children ?? throw new InvalidOperationException("a file has no children");
        var child = children.GetValueOrDefault(path[0]) ?? Directory(leaf.ModifiedIndex, deadline: null);
        return this with { Children = children.SetItem(path[0], child.With(path[1..], leaf)) };
    }

    /// <summary>This tree without the node at <paramref name="path"/>, which must be there.</summary>
    public StoreNode Without(ReadOnlySpan<string> path)
    {
        var children = Children ?? throw new InvalidOperationException("a file has no children");
        return this with
        {
            Children = path.Length == 1 ? children.Remove(path[0]) : children.SetItem(path[0], children[path[0]].Without(path[1..])),
        };
    }

    /// <summary>The node at <paramref name="path"/> below this one, or null.</summary>
    public StoreNode? Find(ReadOnlySpan<string> path)
    {
        var node = this;
        foreach (string name in path)
        {
            if (node.Children is null || !node.Children.TryGetValue(name, out node!))
            {
                return null;
            }
        }

        return node;
    }
}
