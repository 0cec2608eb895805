using System.Collections.Immutable;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Server.Store;

/// <summary>How far back the history goes: a number of events, or as many as fit into some memory, but never fewer than etcd's 1000.</summary>
internal readonly record struct EventWindow(int Events, long Bytes)
{
    public const int Original = 1000;

    /// <summary>Exactly so many events, as the original keeps.</summary>
    public static EventWindow Of(int events) => new(events, long.MaxValue);

    /// <summary>A 64th of the memory, between 16 and 256 MiB.</summary>
    public static EventWindow ForMemory(long bytes) => new(int.MaxValue, Math.Clamp(bytes / 64, 16L << 20, 256L << 20));

    public bool IsExceededBy(int events, long bytes) => events > Events || (bytes > Bytes && events > Original);
}

/// <summary>The last events of the whole store in a ring, one for each index: what <c>waitIndex</c> can go back to.</summary>
/// <param name="startsAfter">The index the history begins behind: older events are gone.</param>
internal sealed class EventHistory(EventWindow window, ulong startsAfter)
{
    private StoreEvent[] _ring = new StoreEvent[64];
    private int _first;
    private int _count;
    private long _bytes;

    /// <summary>The index of the oldest event kept, or of the first one that will be.</summary>
    public ulong Oldest => _count > 0 ? At(0).Index : startsAfter + 1;

    public void Add(StoreEvent occurred)
    {
        // That a directory went is all replay asks for; the tree that went with it must not stay in memory.
        var kept = occurred.Removed is null ? occurred : occurred with { Removed = StoreNode.Root };
        if (_count == _ring.Length)
        {
            Grow();
        }

        _ring[(_first + _count) % _ring.Length] = kept;
        _count++;
        _bytes += SizeOf(kept);
        while (_count > 1 && window.IsExceededBy(_count, _bytes))
        {
            _bytes -= SizeOf(At(0));
            _ring[_first] = null!;
            _first = (_first + 1) % _ring.Length;
            _count--;
        }
    }

    /// <summary>The newest events, as many as <paramref name="maximum"/> allows.</summary>
    public ImmutableArray<StoreEvent> Newest(EventWindow maximum)
    {
        int count = 0;
        for (long bytes = 0; count < _count; count++)
        {
            bytes += SizeOf(At(_count - 1 - count));
            if (maximum.IsExceededBy(count + 1, bytes))
            {
                break;
            }
        }

        return [.. Enumerable.Range(_count - count, count).Select(At)];
    }

    /// <summary>The events since an index that concern <paramref name="key"/>; at most <paramref name="limit"/> of them.</summary>
    public ImmutableArray<KeyEvent> Since(ulong index, string key, bool isRecursive, int limit)
    {
        var found = ImmutableArray.CreateBuilder<KeyEvent>();
        // Each index has its event, so the place of one is known.
        for (ulong i = index - Math.Min(index, Oldest); i < (ulong)_count && found.Count < limit; i++)
        {
            var candidate = At((int)i);
            if (candidate.Space == StoreSpace.Keys && !candidate.IsRefresh && Concerns(candidate, key, isRecursive))
            {
                found.Add(candidate.Event);
            }
        }

        return found.ToImmutable();
    }

    private StoreEvent At(int i) => _ring[(_first + i) % _ring.Length];

    private void Grow()
    {
        var larger = new StoreEvent[_ring.Length * 2];
        for (int i = 0; i < _count; i++)
        {
            larger[i] = At(i);
        }

        (_ring, _first) = (larger, 0);
    }

    /// <summary>About what an event takes: two nodes, and the text of key and values.</summary>
    private static long SizeOf(StoreEvent occurred)
    {
        const int TwoNodes = 400;
        var (node, previous) = (occurred.Event.Node, occurred.Event.PrevNode);
        return TwoNodes + (2L * (node.Key.Length + (node.Value?.Length ?? 0) + (previous?.Value?.Length ?? 0)));
    }

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
