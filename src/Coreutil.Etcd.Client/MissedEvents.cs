using System.Collections.Immutable;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Client;

/// <summary>What a listing tells of the events that nobody can replay any more: each changed key once, with its last value.</summary>
internal static class MissedEvents
{
    /// <summary>
    /// Keys that were written at or after <paramref name="firstIndex"/>, in the order of their writing, then a <c>delete</c> of those that
    /// were seen before and are gone. A key that came and went unseen leaves no trace.
    /// </summary>
    public static ImmutableArray<KeyEvent> Since(ulong firstIndex, KeyNode? root, IReadOnlySet<string> seen)
    {
        KeyNode[] present = root is null ? [] : [.. Leaves(root)];
        var names = present.Select(node => node.Key).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. present.Where(node => node.ModifiedIndex >= firstIndex).OrderBy(node => node.ModifiedIndex).Select(node => new KeyEvent("set", node)),
            .. seen.Where(key => !names.Contains(key)).Order(StringComparer.Ordinal).Select(key => new KeyEvent("delete", new KeyNode { Key = key })),
        ];
    }

    public static void Remember(HashSet<string> seen, KeyChange change)
    {
        if (change is not KeyChange.Happened { Event: var happened })
        {
            return;
        }

        if (happened.Action is "delete" or "expire" or "compareAndDelete")
        {
            seen.RemoveWhere(key => key == happened.Node.Key || key.StartsWith(happened.Node.Key + "/", StringComparison.Ordinal));
        }
        else if (!happened.Node.IsDirectory)
        {
            seen.Add(happened.Node.Key);
        }
    }

    private static IEnumerable<KeyNode> Leaves(KeyNode node) => node.IsDirectory ? node.Nodes.SelectMany(Leaves) : [node];
}
