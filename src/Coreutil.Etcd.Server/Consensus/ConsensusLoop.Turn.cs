using System.Collections.Immutable;
using Coreutil.Etcd.Server.Membership;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Consensus;

// What the core asks for is done, in the order that Coreutil.Raft/README.md argues for.
internal sealed partial class ConsensusLoop
{
    private void Turn()
    {
        for (var ready = node.TakeReady(); !ready.IsEmpty; ready = node.TakeReady())
        {
            peers.Send(ready.MessagesBeforePersist);
            if (ready.MustPersist)
            {
                Persist(ready);
            }

            peers.Send(ready.MessagesAfterPersist);
            Apply(ready.Committed);
            node.Advance(ready);
            foreach (var read in ready.Reads)
            {
                _reads.OnConfirmed(read);
            }

            _reads.OnApplied(AppliedIndex);
        }

        Publish();
        if (snapshots.KeepUp(new SnapshotMetadata(_applied, node.Members), applier.TakeSnapshot) is { } covered)
        {
            node.Compact(covered);
            storage.DeleteThrough(covered.Index, snapshots.SegmentsKept);
        }
    }

    private void Persist(Ready ready)
    {
        long started = time.GetTimestamp();
        Interlocked.Exchange(ref _persistingSince, started);
        if (ready.Snapshot is { } snapshot)
        {
            if (_arrivedSnapshot is not { } arrived || arrived.Position != snapshot.Position)
            {
                throw new InvalidOperationException($"the core installs a snapshot at {snapshot.Index} that did not come");
            }

            storage.Install(ready, snapshots.PathOf(snapshot.Position), arrived.StagedPath);
            var restored = snapshots.Read(snapshot.Position);
            applier.Restore(restored);
            SetApplied(snapshot.Position);
            peers.Follow(Cluster.Members(applier.Store.View));
            LogInstalled(logger, snapshot.Index);
        }
        else
        {
            storage.Append(ready);
        }

        Interlocked.Exchange(ref _persistingSince, 0);
        var took = time.GetElapsedTime(started);
        metrics.WalSync.Observe(took);
        if (took > times.Election / 2)
        {
            LogSlowDisk(logger, (long)took.TotalMilliseconds, (long)times.Election.TotalMilliseconds);
        }
    }

    private void Apply(ImmutableArray<Entry> committed)
    {
        if (committed.IsEmpty)
        {
            return;
        }

        long started = time.GetTimestamp();
        foreach (var entry in committed)
        {
            Apply(entry);
        }

        if (_haveMembersChanged)
        {
            // Once for all of them: the first members come one by one, and are not to be left and met again meanwhile.
            _haveMembersChanged = false;
            peers.Follow(Cluster.Members(applier.Store.View));
        }

        metrics.Applies.Observe(time.GetElapsedTime(started));
    }

    private void Apply(Entry entry)
    {
        var applied = applier.Apply(entry);
        SetApplied(entry.Position);
        if (applied is null)
        {
            return;
        }

        if (applied.Change is { } change)
        {
            node.ApplyMembershipChange(change);
            LogChanged(logger, MembershipRecord.Of(change));
            _haveMembersChanged = true;
            if (change.Kind == MembershipChangeKind.Remove && change.Member == node.Id)
            {
                _removed.TrySetResult();
            }
        }

        if (applied.Origin.Member == node.Id.Value)
        {
            _pending.Complete(applied.Origin.Id, new ProposalResult(applied.Outcome, entry.Index, entry.Term) { MembershipRefusal = applied.Refusal });
        }
    }

    private void SetApplied(LogPosition position)
    {
        _applied = position;
        Volatile.Write(ref _appliedIndex, position.Index);
    }

    /// <summary>Shows what changed to the handlers.</summary>
    private void Publish()
    {
        Volatile.Write(ref _pendingCount, _pending.Count + _held.Count);
        Volatile.Write(ref _committedIndex, node.CommitIndex);
        var before = _status;
        if (node.Role == before.Role && node.Leader == before.Leader && node.Term == before.Term)
        {
            return;
        }

        var now = time.GetUtcNow();
        Volatile.Write(ref _status, new ConsensusStatus(node.Role, node.Leader, node.Term, node.Leader == before.Leader ? before.LeaderSince : now));
        if (node.Leader != before.Leader)
        {
            _watchesEndAt = node.Leader is null ? time.GetTimestamp() + Ticks(ElectionsUntilWatchesEnd * times.Election) : long.MaxValue;
            metrics.CountLeaderChange(node.Leader is not null);
            LogLeader(logger, node.Id, node.Leader?.ToString() ?? "none", node.Term);
            if (node.Leader is not null && _held.Count > 0)
            {
                RetryHeld(time.GetTimestamp());
                Turn();
            }
        }
    }
}
