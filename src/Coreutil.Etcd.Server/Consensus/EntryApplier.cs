using Coreutil.Etcd.Server.Store;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>Takes committed entries to the store, and what happened there to the watchers.</summary>
internal sealed class EntryApplier(KeyStore store, WatcherHub watchers, StoreStatistics statistics)
{
    public KeyStore Store => store;

    public StoreSnapshot TakeSnapshot(LogPosition position) => new(position, store.View, watchers.Newest(StoreSnapshot.HistoryWindow));

    /// <summary>The request the entry came from and its outcome; null for an entry that is no command.</summary>
    public (ulong RequestId, StoreOutcome Outcome)? Apply(Entry entry)
    {
        if (entry.Kind != EntryKind.Command)
        {
            return null;
        }

        var (requestId, command) = StoreCommandCodec.Decode(entry.Payload);
        var outcome = store.Apply(command);
        statistics.Count(command, outcome);
        foreach (var occurred in outcome.Events)
        {
            watchers.Publish(occurred);
        }

        return (requestId, outcome);
    }
}
