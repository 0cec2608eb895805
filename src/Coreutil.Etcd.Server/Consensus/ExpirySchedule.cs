using Coreutil.Etcd.Server.Store;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>When a leader proposes to expire keys. Expiry is a command like any other, and only proposed when something is due: an idle store writes nothing.</summary>
internal sealed class ExpirySchedule(KeyStore store, TimeProvider time)
{
    /// <summary>etcd's cadence: a key outlives its TTL by at most this and a commit (etcd.md §1.8).</summary>
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(500);

    private DateTimeOffset _nextCheck;

    /// <summary>The command, when one is due.</summary>
    public StoreCommand? TryTake()
    {
        var now = time.GetUtcNow();
        if (now < _nextCheck)
        {
            return null;
        }

        if (store.NextDeadline is not { } deadline || deadline > now)
        {
            _nextCheck = now + _interval;
            return null;
        }

        // What is left over after the slice of one command has its turn with the next tick.
        _nextCheck = now;
        return new StoreCommand(StoreAction.Expire, "/", now);
    }
}
