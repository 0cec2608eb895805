using System.Collections.Immutable;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Server.Store;

/// <summary>The last events of the whole store in a ring: what <c>waitIndex</c> can go back to.</summary>
/// <param name="startsAfter">The index of the snapshot the store began from: older events are gone.</param>
internal sealed class EventHistory(int capacity, ulong startsAfter)
{
    private readonly Queue<StoreEvent> _events = new();

    /// <summary>The index of the oldest event kept, or of the first one that will be.</summary>
    public ulong Oldest => _events.Count > 0 ? _events.Peek().Index : startsAfter + 1;

    public void Add(StoreEvent occurred)
    {
        if (_events.Count == capacity)
        {
            _events.Dequeue();
        }

        _events.Enqueue(occurred);
    }

    /// <summary>The events since an index that concern <paramref name="key"/>; at most <paramref name="limit"/> of them.</summary>
    public ImmutableArray<KeyEvent> Since(ulong index, string key, bool isRecursive, int limit) =>
    [
        .. _events
            .Where(candidate => candidate.Index >= index && candidate.Space == StoreSpace.Keys && !candidate.IsRefresh && Concerns(candidate, key, isRecursive))
            .Take(limit)
            .Select(candidate => candidate.Event),
    ];

    /// <summary>
    /// etcd's rule for replay, which is not the live one: hidden keys are shown, and a removed directory concerns every key that
    /// merely starts with its text (etcd.md §1.9).
    /// </summary>
    private static bool Concerns(StoreEvent candidate, string key, bool isRecursive)
    {
        string changed = candidate.Event.Node.Key;
        return changed == key
            || (isRecursive && IsBelow(key, changed))
            || (candidate.Removed is not null && key.StartsWith(changed, StringComparison.Ordinal));
    }

    private static bool IsBelow(string directory, string key) =>
        directory == "/" || (key.Length > directory.Length && key[directory.Length] == '/' && key.StartsWith(directory, StringComparison.Ordinal));
}
