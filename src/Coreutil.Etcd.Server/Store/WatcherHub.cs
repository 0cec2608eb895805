using System.Collections.Immutable;
using System.Threading.Channels;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Server.Store;

/// <summary>
/// Who waits for which key. The applier publishes, requests register; one lock orders both, so a watcher that asks for the past is
/// registered before its replay is read and misses nothing in between.
/// </summary>
internal sealed class WatcherHub
{
    private readonly Lock _lock = new();
    private readonly EventWindow _window;
    private EventHistory _history;
    private readonly Dictionary<string, List<Watcher>> _watchers = new(StringComparer.Ordinal);

    /// <param name="historyStartsAfter">The index behind which <paramref name="past"/>, or what is published first, begins.</param>
    public WatcherHub(EventWindow window, ulong historyStartsAfter, IEnumerable<StoreEvent> past)
    {
        _window = window;
        _history = HistoryOf(historyStartsAfter, past);
    }

    /// <summary>Begins anew after a snapshot from the leader; whoever watches is sent away, to ask again from where it was.</summary>
    public void Restore(ulong historyStartsAfter, IEnumerable<StoreEvent> past)
    {
        lock (_lock)
        {
            _history = HistoryOf(historyStartsAfter, past);
        }

        EndAll();
    }

    /// <summary>Ends every watch: this member no longer hears of what happens.</summary>
    public void EndAll()
    {
        lock (_lock)
        {
            foreach (var watcher in _watchers.Values.SelectMany(list => list))
            {
                watcher.End();
            }
        }
    }

    public int Count { get; private set; }

    /// <summary>The newest events, for a snapshot.</summary>
    public ImmutableArray<StoreEvent> Newest(EventWindow maximum)
    {
        lock (_lock)
        {
            return _history.Newest(maximum);
        }
    }

    /// <summary>
    /// Watches a key from an index on; 0 means from now on. The refusal is 401, when the history no longer reaches back so far.
    /// </summary>
    public (Watcher? Watcher, EtcdError? Refusal) Register(string key, bool isRecursive, bool isStream, ulong sinceIndex, Func<ulong> currentIndex)
    {
        lock (_lock)
        {
            ulong index = currentIndex();
            if (sinceIndex > 0 && sinceIndex < _history.Oldest)
            {
                return (null, new EtcdError(
                    EtcdErrorCode.EventIndexCleared, $"the requested history has been cleared [{_history.Oldest}/{sinceIndex}]", index));
            }

            ImmutableArray<KeyEvent> backlog = sinceIndex == 0 ? [] : _history.Since(sinceIndex, key, isRecursive, isStream ? int.MaxValue : 1);
            var watcher = new Watcher(this, key, isRecursive, sinceIndex, index, backlog);
            if (isStream || backlog.IsEmpty)
            {
                Add(watcher);
            }

            return (watcher, null);
        }
    }

    public void Publish(StoreEvent occurred)
    {
        lock (_lock)
        {
            _history.Add(occurred);
            if (Count == 0 || occurred.Space != StoreSpace.Keys || occurred.IsRefresh)
            {
                return;
            }

            string key = occurred.Event.Node.Key;
            if (occurred.Event.Action is "delete" or "compareAndDelete" or "expire")
            {
                // As in etcd, who watches the very key that goes is told twice, of its going and of the event, which a stream shows.
                Notify(key, occurred.Event);
            }

            Notify(key, occurred.Event);
            for (int slash = key.LastIndexOf('/'); slash >= 0; slash = slash == 0 ? -1 : key.LastIndexOf('/', slash - 1))
            {
                string above = slash == 0 ? "/" : key[..slash];
                if (!KeyPath.IsHiddenBelow(above, key))
                {
                    Notify(above, occurred.Event, onlyRecursive: true);
                }
            }

            if (occurred.Removed is { } removed)
            {
                NotifyBelow(key, removed, occurred.Event);
            }
        }
    }

    internal void Remove(Watcher watcher)
    {
        lock (_lock)
        {
            if (_watchers.TryGetValue(watcher.Key, out var list) && list.Remove(watcher))
            {
                Count--;
                if (list.Count == 0)
                {
                    _watchers.Remove(watcher.Key);
                }
            }
        }
    }

    private EventHistory HistoryOf(ulong startsAfter, IEnumerable<StoreEvent> past)
    {
        var history = new EventHistory(_window, startsAfter);
        foreach (var occurred in past)
        {
            history.Add(occurred);
        }

        return history;
    }

    private void Add(Watcher watcher)
    {
        if (!_watchers.TryGetValue(watcher.Key, out var list))
        {
            _watchers[watcher.Key] = list = [];
        }

        list.Add(watcher);
        Count++;
    }

    /// <summary>The keys that existed below a removed directory; a watcher of a key that never was there stays asleep (etcd.md §1.9).</summary>
    private void NotifyBelow(string directory, StoreNode removed, KeyEvent occurred)
    {
        string prefix = directory + "/";
        foreach (string watched in _watchers.Keys.Where(watched => watched.StartsWith(prefix, StringComparison.Ordinal)))
        {
            if (removed.Find(KeyPath.Parse(watched[directory.Length..]).Components) is not null)
            {
                Notify(watched, occurred);
            }
        }
    }

    private void Notify(string watched, KeyEvent occurred, bool onlyRecursive = false)
    {
        if (_watchers.TryGetValue(watched, out var list))
        {
            foreach (var watcher in list)
            {
                if (occurred.Node.ModifiedIndex >= watcher.SinceIndex && (watcher.IsRecursive || !onlyRecursive))
                {
                    watcher.Offer(occurred);
                }
            }
        }
    }
}

/// <summary>One who waits. Its events end when it falls too far behind: the response then closes and the client asks again.</summary>
internal sealed class Watcher(
    WatcherHub hub, string key, bool isRecursive, ulong sinceIndex, ulong registeredIndex, ImmutableArray<KeyEvent> backlog) : IDisposable
{
    /// <summary>Ten times what etcd gives a slow stream before it goes silent.</summary>
    private const int MaximumPending = 1000;

    private readonly Channel<KeyEvent> _events =
        Channel.CreateBounded<KeyEvent>(new BoundedChannelOptions(MaximumPending) { SingleReader = true, SingleWriter = true });

    private bool _isEnded;

    public string Key => key;

    public bool IsRecursive => isRecursive;

    public ulong SinceIndex => sinceIndex;

    /// <summary>The store's index when the watch began, for the reply's header.</summary>
    public ulong RegisteredIndex => registeredIndex;

    /// <summary>What had happened already.</summary>
    public ImmutableArray<KeyEvent> Backlog => backlog;

    /// <summary>Whether it fell too far behind.</summary>
    public bool IsOverrun { get; private set; }

    public ChannelReader<KeyEvent> Events => _events.Reader;

    public void Offer(KeyEvent occurred)
    {
        if (!_isEnded && !_events.Writer.TryWrite(occurred))
        {
            IsOverrun = true;
            _events.Writer.TryComplete();
        }
    }

    /// <summary>What was offered before is still delivered.</summary>
    public void End()
    {
        _isEnded = true;
        _events.Writer.TryComplete();
    }

    public void Dispose() => hub.Remove(this);
}
