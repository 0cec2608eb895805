using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Registry;

/// <summary>
/// Keeps all keys of the registry in memory by one watch, so that nobody reads the store again to look at it. A key that is only refreshed
/// is no change: the machines' heartbeats wake no one.
/// </summary>
public sealed class RegistryMirror(IKeysApi keys, RegistryKeys layout, TimeProvider time, ILogger log)
{
    private readonly Lock _lock = new();
    private readonly SnapshotReader _reader = new();
    private ImmutableSortedDictionary<string, MirroredKey> _keys = ImmutableSortedDictionary.Create<string, MirroredKey>(StringComparer.Ordinal);
    private RegistrySnapshot? _snapshot = RegistrySnapshot.Empty;
    private TaskCompletionSource _advanced = NewSignal();
    private ulong _index;
    private long _version;
    private bool _isLive;

    /// <summary>Set: no watch, the whole registry is listed this often (disable_watches).</summary>
    public TimeSpan? PollInterval { get; init; }

    public bool IsLive
    {
        get
        {
            lock (_lock)
            {
                return _isLive;
            }
        }
    }

    public long Version
    {
        get
        {
            lock (_lock)
            {
                return _version;
            }
        }
    }

    public RegistrySnapshot Snapshot
    {
        get
        {
            lock (_lock)
            {
                return _snapshot ??= _reader.Read(_keys);
            }
        }
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        var changes = PollInterval is { } interval ? PollAsync(interval, cancel) : new KeyWatcher(keys, time).WatchAsync(layout.Root, cancel);
        await foreach (var change in changes)
        {
            switch (change)
            {
                case KeyChange.Listed listed:
                    Apply(Flatten(listed.Root), listed.Index);
                    log.StoreAnswers(listed.Index);
                    break;
                case KeyChange.Happened happened:
                    Apply(With(happened.Event), happened.Event.Node.ModifiedIndex);
                    break;
                case KeyChange.Interrupted interrupted:
                    SetInterrupted(interrupted.Cause);
                    break;
                default:
                    throw new InvalidOperationException("unknown change");
            }
        }
    }

    public Task WaitForChangeAsync(long seen, TimeSpan atMost, CancellationToken cancel) => WaitUntilAsync(() => _version != seen, atMost, cancel);

    /// <summary>Completes when the mirror has come to <paramref name="index"/>, so that a writer reads what it wrote.</summary>
    public Task WaitForIndexAsync(ulong index, TimeSpan atMost, CancellationToken cancel) => WaitUntilAsync(() => _index >= index || !_isLive, atMost, cancel);

    private async Task WaitUntilAsync(Func<bool> isReached, TimeSpan atMost, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(atMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        while (!limit.IsCancellationRequested)
        {
            Task advanced;
            lock (_lock)
            {
                if (isReached())
                {
                    return;
                }

                advanced = _advanced.Task;
            }

            await Task.WhenAny(advanced, Task.Delay(Timeout.InfiniteTimeSpan, time, either.Token));
            cancel.ThrowIfCancellationRequested();
        }
    }

    private async IAsyncEnumerable<KeyChange> PollAsync(TimeSpan interval, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (; ; )
        {
            // A listing is what a watch begins with: take that and leave it.
            await foreach (var change in new KeyWatcher(keys, time).WatchAsync(layout.Root, cancel))
            {
                yield return change;
                break;
            }

            await Task.Delay(interval, time, cancel);
        }
    }

    private void SetInterrupted(Exception cause)
    {
        lock (_lock)
        {
            if (!_isLive)
            {
                return;
            }

            _isLive = false;
            Signal();
        }

        log.StoreLost(cause.Message);
    }

    private void Apply(ImmutableSortedDictionary<string, MirroredKey> next, ulong index)
    {
        lock (_lock)
        {
            bool isChanged = !_isLive || (!ReferenceEquals(next, _keys) && !next.SequenceEqual(_keys));
            _isLive = true;
            _index = Math.Max(_index, index);
            if (isChanged)
            {
                _keys = next;
                _snapshot = null;
                _version++;
            }

            Signal();
        }
    }

    private void Signal()
    {
        _advanced.SetResult();
        _advanced = NewSignal();
    }

    private ImmutableSortedDictionary<string, MirroredKey> With(KeyEvent happened)
    {
        if (RelativeName(happened.Node.Key) is not { } name)
        {
            return _keys;
        }

        if (happened.Action is "delete" or "expire" or "compareAndDelete")
        {
            // A directory takes everything below it along.
            return !happened.Node.IsDirectory
                ? _keys.Remove(name)
                : _keys.RemoveRange(_keys.Keys.Where(key => name.Length == 0 || key.StartsWith(name + "/", StringComparison.Ordinal)));
        }

        if (happened.Node.IsDirectory || (_keys.TryGetValue(name, out var known) && known.Value == happened.Node.Value))
        {
            return _keys;
        }

        return _keys.SetItem(name, new(happened.Node.Value ?? "", happened.Node.CreatedIndex));
    }

    private ImmutableSortedDictionary<string, MirroredKey> Flatten(KeyNode? root)
    {
        var flat = ImmutableSortedDictionary.CreateBuilder<string, MirroredKey>(StringComparer.Ordinal);
        var open = new Stack<KeyNode>();
        if (root is not null)
        {
            open.Push(root);
        }

        while (open.TryPop(out var node))
        {
            if (!node.IsDirectory && RelativeName(node.Key) is { } name)
            {
                flat[name] = new(node.Value ?? "", node.CreatedIndex);
            }

            foreach (var child in node.Nodes.IsDefault ? [] : node.Nodes)
            {
                open.Push(child);
            }
        }

        return flat.ToImmutable();
    }

    // Null for a key above the root, "" for the root itself.
    private string? RelativeName(string key) =>
        key == layout.Root ? "" : key.StartsWith(layout.Root + "/", StringComparison.Ordinal) ? key[(layout.Root.Length + 1)..] : null;

    // Whoever waits goes on by itself, never inside the lock.
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
