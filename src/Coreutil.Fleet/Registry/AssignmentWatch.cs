using Coreutil.Etcd.Client;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Registry;

/// <summary>
/// Watches this machine's own key, and thereby knows whether the store answers. Whether the key counts depends on the engine: an original one
/// writes none, and then the agent reads the whole registry as the original's does.
/// </summary>
public sealed class AssignmentWatch(IKeysApi keys, RegistryKeys layout, string machineId, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(15);
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = NewSignal();
    private Assignment? _assignment;
    private bool? _isEngineNative;
    private bool _isLive;
    private bool _isBeating = true;
    private long _waitingSince = time.GetTimestamp();
    private long _lostAt = time.GetTimestamp();

    /// <summary>The store answers: the watch stands, and this machine's heartbeats arrive.</summary>
    public bool IsLive
    {
        get
        {
            lock (_lock)
            {
                return _isLive && _isBeating;
            }
        }
    }

    /// <summary>The watch stands. A network that swallows packets leaves it standing for half a minute.</summary>
    public bool IsWatching
    {
        get
        {
            lock (_lock)
            {
                return _isLive;
            }
        }
    }

    /// <summary>How long the store has not answered; null while it does.</summary>
    public TimeSpan? LostFor
    {
        get
        {
            lock (_lock)
            {
                return _isLive && _isBeating ? null : time.GetElapsedTime(_lostAt);
            }
        }
    }

    /// <summary>What stands in the store, whether it counts or not.</summary>
    public Assignment? Assignment
    {
        get
        {
            lock (_lock)
            {
                return _assignment;
            }
        }
    }

    /// <summary>What the agent has to go by.</summary>
    public Orders Orders
    {
        get
        {
            lock (_lock)
            {
                return (_isEngineNative, _assignment) switch
                {
                    (true, { } assignment) => new Orders.Assigned(assignment),
                    (false, _) => new Orders.FromRegistry(),

                    // An engine of ours will write; without any engine the registry itself is all there is.
                    _ => time.GetElapsedTime(_waitingSince) < _patience ? new Orders.Awaited() : new Orders.FromRegistry(),
                };
            }
        }
    }

    /// <summary>Completes with the next change of anything above.</summary>
    public Task Changed
    {
        get
        {
            lock (_lock)
            {
                return _changed.Task;
            }
        }
    }

    /// <summary>Told what the lease says of its holder; null where nobody holds it.</summary>
    public void OnEngineSeen(LeaseHolder? holder)
    {
        lock (_lock)
        {
            if (holder is not null && _isEngineNative != holder.IsNative)
            {
                _isEngineNative = holder.IsNative;
                _waitingSince = time.GetTimestamp();
                Signal();
            }
        }
    }

    /// <summary>Told whether this machine's heartbeat arrived.</summary>
    public void OnBeat(bool hasArrived)
    {
        lock (_lock)
        {
            if (_isBeating == hasArrived)
            {
                return;
            }

            if (_isLive && !hasArrived)
            {
                _lostAt = time.GetTimestamp();
            }

            _isBeating = hasArrived;
            Signal();
        }
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        await foreach (var change in new KeyWatcher(keys, time) { IsQuorum = true }.WatchAsync(layout.Assignment(machineId), cancel))
        {
            switch (change)
            {
                case KeyChange.Listed listed:
                    Set(listed.Root?.Value, isNew: false);
                    break;
                case KeyChange.Happened { Event: var happened }:
                    Set(happened.Action is "delete" or "expire" or "compareAndDelete" ? null : happened.Node.Value, isNew: true);
                    break;
                case KeyChange.Interrupted interrupted:
                    SetLost(interrupted.Cause);
                    break;
                default:
                    throw new InvalidOperationException("unknown change");
            }
        }
    }

    /// <param name="text">What stands there.</param>
    /// <param name="isNew">It was written just now: so there is an engine that does, before the lease was looked at once.</param>
    private void Set(string? text, bool isNew)
    {
        lock (_lock)
        {
            var assignment = text is null ? null : RegistryJson.ReadAssignment(text);
            if (!_isLive || (assignment is null && _assignment is not null))
            {
                _waitingSince = time.GetTimestamp();
            }

            if (isNew && assignment is not null)
            {
                _isEngineNative ??= true;
            }

            _assignment = assignment;
            _isLive = true;
            Signal();
        }
    }

    private void SetLost(Exception cause)
    {
        lock (_lock)
        {
            if (!_isLive)
            {
                return;
            }

            _isLive = false;
            _lostAt = _isBeating ? time.GetTimestamp() : _lostAt;
            Signal();
        }

        log.StoreLost(cause.Message);
    }

    private void Signal()
    {
        _changed.SetResult();
        _changed = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Where an agent learns what it has to run.</summary>
public abstract record Orders
{
    private Orders()
    {
    }

    public sealed record Assigned(Assignment Assignment) : Orders;

    /// <summary>It should come any moment: until then everything stays as it is.</summary>
    public sealed record Awaited : Orders;

    public sealed record FromRegistry : Orders;
}
