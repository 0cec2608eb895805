using System.Collections.Immutable;
using Coreutil.Etcd.Server.Membership;
using Coreutil.Etcd.Server.Store;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>What an applied entry came to, and whose request it was.</summary>
internal sealed record AppliedEntry(RequestOrigin Origin, StoreOutcome Outcome)
{
    /// <summary>The change of members that was made, for the core and the transport to follow.</summary>
    public MembershipChange? Change { get; init; }

    public MembershipRefusal? Refusal { get; init; }
}

/// <summary>Takes committed entries to the store, and what happened there to the watchers.</summary>
internal sealed class EntryApplier(KeyStore store, WatcherHub watchers, StoreStatistics statistics)
{
    public KeyStore Store => store;

    public WatcherHub Watchers => watchers;

    public StoreSnapshot TakeSnapshot(LogPosition position) => new(position, store.View, watchers.Newest(StoreSnapshot.HistoryWindow));

    /// <summary>Begins anew with what the leader sent: watches end, since what happened in between is not known here one by one.</summary>
    public void Restore(StoreSnapshot snapshot)
    {
        store.Restore(snapshot.View);
        watchers.Restore(snapshot.HistoryStartsAfter, snapshot.History);
    }

    /// <summary>Null for an entry that is none of ours.</summary>
    public AppliedEntry? Apply(Entry entry) => entry.Kind switch
    {
        EntryKind.Command => ApplyCommand(entry),
        EntryKind.MembershipChange => ApplyChange(MembershipChange.Decode(entry.Payload)),
        _ => null,
    };

    private AppliedEntry ApplyCommand(Entry entry)
    {
        var (origin, command) = StoreCommandCodec.Decode(entry.Payload);
        var outcome = store.Apply(command);
        statistics.Count(command, outcome);
        Publish(outcome);
        return new AppliedEntry(origin, outcome);
    }

    private AppliedEntry ApplyChange(MembershipChange change)
    {
        var record = MembershipRecord.Of(change);
        if (Cluster.Refuse(store.View, record) is { } refusal)
        {
            return new AppliedEntry(record.Origin, new StoreOutcome([], null, store.View.Index)) { Refusal = refusal };
        }

        var outcome = new StoreOutcome([], null, store.View.Index);
        // No time is in these records, so that all members write the same.
        foreach (var command in Cluster.Commands(record, DateTimeOffset.UnixEpoch).ToImmutableArray())
        {
            outcome = store.Apply(command);
            Publish(outcome);
        }

        return new AppliedEntry(record.Origin, outcome) { Change = change };
    }

    private void Publish(StoreOutcome outcome)
    {
        foreach (var occurred in outcome.Events)
        {
            watchers.Publish(occurred);
        }
    }
}
