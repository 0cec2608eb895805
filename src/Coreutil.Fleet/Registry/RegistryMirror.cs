using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Registry;

/// <summary>
/// Keeps all keys of the registry in memory by one watch, so that nobody reads the store again to look at it. A key that is only refreshed
/// is no change: the machines' heartbeats wake no one. It runs while somebody has asked for it within <see cref="Patience"/>.
/// </summary>
public sealed class RegistryMirror(IKeysApi keys, RegistryKeys layout, TimeProvider time, ILogger log)
{
    /// <summary>How long it goes on after the last one who asked for it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly RegistryView _view = new();
    private readonly Heartbeats _heartbeats = new(time);
    private TaskCompletionSource _advanced = NewSignal();
    private TaskCompletionSource _wanted = NewSignal();
    private long _wantedAt;
    private ulong _index;
    private long _version;
    private int _listings;
    private bool _isLive;
    private string? _refusal;

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

    /// <summary>Grows with every listing: between two of them what happened was not seen, only what came of it.</summary>
    public int Listings
    {
        get
        {
            lock (_lock)
            {
                return _listings;
            }
        }
    }

    public RegistrySnapshot Snapshot
    {
        get
        {
            lock (_lock)
            {
                return _view.Snapshot();
            }
        }
    }

    /// <inheritdoc cref="IRegistry.MachinesDue"/>
    public ImmutableHashSet<string> MachinesDue(TimeSpan agentTtl)
    {
        lock (_lock)
        {
            return _heartbeats.Due(agentTtl);
        }
    }

    /// <summary>Asks for it to run, now and for a while.</summary>
    public void Want()
    {
        lock (_lock)
        {
            _wantedAt = time.GetTimestamp();
            _wanted.TrySetResult();
        }
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        for (; ; )
        {
            Task wanted;
            lock (_lock)
            {
                wanted = _wanted.Task;
            }

            await wanted.WaitAsync(cancel);
            using var rest = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var following = FollowAsync(rest.Token);
            await Task.WhenAny(following, UntilUnwantedAsync(rest.Token));
            await rest.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancel.ThrowIfCancellationRequested();
            if (following.IsFaulted)
            {
                await following;
            }

            lock (_lock)
            {
                _isLive = false;
                Signal();
            }
        }
    }

    public Task WaitForChangeAsync(long seen, TimeSpan atMost, CancellationToken cancel) => WaitUntilAsync(() => _version != seen, atMost, cancel);

    /// <summary>True when the mirror has come to <paramref name="index"/>, so that a writer reads what it wrote.</summary>
    public async Task<bool> WaitForIndexAsync(ulong index, TimeSpan atMost, CancellationToken cancel)
    {
        await WaitUntilAsync(() => _index >= index || !_isLive, atMost, cancel);
        lock (_lock)
        {
            return _isLive && _index >= index;
        }
    }

    /// <summary>True when it stands within that time.</summary>
    public async Task<bool> WaitUntilLiveAsync(TimeSpan atMost, CancellationToken cancel)
    {
        Want();
        await WaitUntilAsync(() => _isLive, atMost, cancel);
        return IsLive;
    }

    private async Task FollowAsync(CancellationToken cancel)
    {
        var changes = PollInterval is { } interval ? PollAsync(interval, cancel) : new KeyWatcher(keys, time) { IsQuorum = true }.WatchAsync(layout.Root, cancel);
        await foreach (var change in changes)
        {
            switch (change)
            {
                case KeyChange.Listed listed:
                    Apply(view => With(view, RegistryTree.Flatten(listed.Root, layout.Root)), listed.Index, isListing: true);
                    log.StoreAnswers(listed.Index);
                    break;
                case KeyChange.Happened happened:
                    Apply(view => With(view, happened.Event), happened.Event.Node.ModifiedIndex, isListing: false);
                    break;
                case KeyChange.Interrupted interrupted:
                    SetInterrupted(interrupted.Cause);
                    break;
                default:
                    throw new InvalidOperationException("unknown change");
            }
        }
    }

    private async Task UntilUnwantedAsync(CancellationToken cancel)
    {
        for (; ; )
        {
            TimeSpan left;
            lock (_lock)
            {
                left = Patience - time.GetElapsedTime(_wantedAt);
                if (left <= TimeSpan.Zero)
                {
                    _wanted = NewSignal();
                    return;
                }
            }

            await Task.Delay(left, time, cancel);
        }
    }

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

            await advanced.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancel.ThrowIfCancellationRequested();
        }
    }

    private async IAsyncEnumerable<KeyChange> PollAsync(TimeSpan interval, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (; ; )
        {
            // A listing is what a watch begins with: take that and leave it.
            await foreach (var change in new KeyWatcher(keys, time) { IsQuorum = true }.WatchAsync(layout.Root, cancel))
            {
                yield return change;
                break;
            }

            await Task.Delay(interval, time, cancel);
        }
    }

    private void SetInterrupted(Exception cause)
    {
        // A store that answers and refuses stays so until somebody grants it; that is said once.
        if (cause is EtcdException { Error.Code: EtcdErrorCode.Unauthorized } && cause.Message != _refusal)
        {
            _refusal = cause.Message;
            log.RegistryRefused(layout.Root, cause.Message);
        }

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

    private void Apply(Func<RegistryView, bool> change, ulong index, bool isListing)
    {
        lock (_lock)
        {
            bool isChanged = change(_view) | !_isLive;
            _listings += isListing && (!_isLive || PollInterval is null) ? 1 : 0;
            _isLive = true;
            _index = isListing ? index : Math.Max(_index, index);
            _version += isChanged ? 1 : 0;
            Signal();
        }
    }

    private void Signal()
    {
        _advanced.SetResult();
        _advanced = NewSignal();
    }

    private bool With(RegistryView view, KeyEvent happened)
    {
        if (RegistryTree.RelativeName(happened.Node.Key, layout.Root) is not { } name)
        {
            return false;
        }

        switch (happened.Action)
        {
            case "delete" or "compareAndDelete" or "expire":
                _heartbeats.OnRemoved(name);
                return view.Remove(name, isDeliberate: happened.Action != "expire");
            default:
                _heartbeats.OnKey(name, TimeSpan.FromSeconds(happened.Node.TtlSeconds), isWhole: true);
                return !happened.Node.IsDirectory && view.Set(name, new(happened.Node.Value ?? "", happened.Node.CreatedIndex));
        }
    }

    private bool With(RegistryView view, Dictionary<string, MirroredKey> listed)
    {
        _heartbeats.Clear();
        foreach (var (name, key) in listed)
        {
            _heartbeats.OnKey(name, TimeSpan.FromSeconds(key.TtlSeconds), isWhole: false);
        }

        return view.Replace(listed);
    }

    // Whoever waits goes on by itself, never inside the lock.
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
