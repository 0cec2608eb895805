using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Consensus;

// What the loop is told goes into the core: proposals, reads, messages of peers, time.
internal sealed partial class ConsensusLoop
{
    private void TakeInputs()
    {
        _batchBytes = 0;
        for (int taken = 0; taken < MaximumBatch && _inputs.Reader.TryRead(out var input); taken++)
        {
            Take(input);
        }

        if (Interlocked.Exchange(ref _isTickDue, 0) == 1)
        {
            OnTick();
        }

        _reads.Ask(node, time.GetTimestamp());
    }

    private void Take(Input input)
    {
        switch (input)
        {
            case Input.Propose proposal:
                Propose(proposal);
                break;
            case Input.Read read:
                _reads.Add(read);
                break;
            case Input.Received(Message.Propose forwarded):
                TakeForwarded(forwarded);
                break;
            case Input.Received(var message):
                node.Step(message);
                break;
            case Input.SnapshotReceived snapshot:
                TakeSnapshot(snapshot);
                break;
            case Input.Unreachable(var member):
                node.ReportUnreachable(member);
                break;
            case Input.Gone(var member):
                node.ReportGone(member);
                break;
            case Input.SnapshotSent(var member, var isDelivered):
                node.ReportSnapshot(member, isDelivered);
                break;
            case Input.HandOver(var begun):
                begun.TrySetResult(HandOver("this member stops"));
                break;
            case Input.Tick:
                break;
            default:
                throw new InvalidOperationException($"unknown input {input.GetType().Name}");
        }
    }

    private void OnTick()
    {
        node.Tick();
        long now = time.GetTimestamp();
        if (node.Role == RaftRole.Leader && _expiry.TryTake() is { } expire)
        {
            node.Propose(StoreCommandCodec.Encode(new RequestOrigin(node.Id.Value, 0), expire));
        }

        if (now >= _watchesEndAt)
        {
            LogWatchesEnded(logger, applier.Watchers.Count);
            applier.Watchers.EndAll();
            _watchesEndAt = now + Ticks(ElectionsUntilWatchesEnd * times.Election);
        }

        if (now >= _nextSweep)
        {
            _nextSweep = now + Ticks(_sweepInterval);
            _pending.DropExpired(now);
            _reads.Sweep(now - Ticks(times.Election), now);
            Progress = node.Peers;
        }

        RetryHeld(now);
    }

    /// <summary>Who waited for a leader, or for the change before, tries again.</summary>
    private void RetryHeld(long now)
    {
        for (int left = _held.Count; left > 0; left--)
        {
            var held = _held.Dequeue();
            if (held.DeadlineTimestamp > now)
            {
                Propose(held);
            }
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private void Propose(Input.Propose proposal)
    {
        int bytes = WalRecord.HeaderSize + proposal.Proposal.Payload.Length;
        if (!storage.TryReserve(_batchBytes + bytes))
        {
            GiveWay();
            metrics.CountFailedProposal();
            proposal.Waiting.TrySetResult(_diskIsFull);
            return;
        }

        var status = proposal.Proposal.Kind == EntryKind.MembershipChange
            ? node.ProposeMembership(MembershipChange.Decode(proposal.Proposal.Payload))
            : node.Propose(proposal.Proposal.Payload);
        switch (status)
        {
            case ProposalStatus.Appended or ProposalStatus.Forwarded:
                _batchBytes += bytes;
                _pending.Add(proposal);
                break;
            case ProposalStatus.TooManyUncommitted:
                metrics.CountFailedProposal();
                proposal.Waiting.TrySetResult(Refused("etcdserver: too many requests wait to be committed"));
                break;
            default:
                // It is in no log yet, so it can wait for a leader without the danger of being done twice.
                _held.Enqueue(proposal);
                break;
        }
    }

    /// <summary>What a follower sends: the leader's clock counts, and the leader's disk must have room.</summary>
    private void TakeForwarded(Message.Propose forwarded)
    {
        if (node.Role == RaftRole.Leader)
        {
            var now = time.GetUtcNow();
            forwarded = forwarded with
            {
                Proposals = [.. forwarded.Proposals.Select(proposal =>
                    proposal.Kind == EntryKind.Command ? proposal with { Payload = StoreCommandCodec.Stamp(proposal.Payload, now) } : proposal)],
            };
            int bytes = forwarded.Proposals.Sum(proposal => WalRecord.HeaderSize + proposal.Payload.Length);
            if (!storage.TryReserve(_batchBytes + bytes))
            {
                GiveWay();
                return;
            }

            _batchBytes += bytes;
        }

        node.Step(forwarded);
    }

    /// <summary>A leader whose disk is full does not stand in the way of those who have room.</summary>
    private void GiveWay() => HandOver("no space is left on the disk of the log; make room");

    /// <summary>To the most complete of the voters that are there.</summary>
    private bool HandOver(string reason)
    {
        var now = time.GetUtcNow();
        var heirs = node.Peers.Where(peer => node.Members.IsVoter(peer.Id) && peers.IsConnectedSince(peer.Id, now)).OrderByDescending(peer => peer.Match);
        if (heirs.Select(peer => (NodeId?)peer.Id).FirstOrDefault() is not { } heir || !node.TransferLeadership(heir))
        {
            return false;
        }

        if (_handedOverIn != node.Term)
        {
            _handedOverIn = node.Term;
            LogHandingOver(logger, heir, reason);
        }

        return true;
    }

    private void TakeSnapshot(Input.SnapshotReceived snapshot)
    {
        _arrivedSnapshot = (snapshot.StagedPath, snapshot.Message.Snapshot.Position);
        node.Step(snapshot.Message);
        Turn();
        // Not wanted any more, when it was not taken up by then.
        _arrivedSnapshot = null;
        snapshot.Waiting.TrySetResult(true);
    }
}
