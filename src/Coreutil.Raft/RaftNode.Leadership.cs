using System.Collections.Immutable;

namespace Coreutil.Raft;

/// <summary>What a leader knows of another member, to be shown.</summary>
public readonly record struct MemberProgress(NodeId Id, ulong Match, ulong Next, ReplicationMode Mode, bool IsActive);

// What a leader does with its time: heartbeats, the check of its quorum, proposals, transfer, membership.
public sealed partial class RaftNode
{
    private readonly List<Progress> _peers = [];
    private readonly List<Proposal> _forwards = [];
    private int _ticksSinceHeartbeat;
    private int _ticksSinceQuorumCheck;
    private int _ticksSinceTransfer;
    private long _uncommittedBytes;
    private long _forwardBytes;
    private ulong _pendingChangeIndex;
    private NodeId? _transferTarget;

    /// <summary>Empty where this member does not lead.</summary>
    public ImmutableArray<MemberProgress> Peers => [.. _peers.Select(peer => new MemberProgress(peer.Id, peer.Match, peer.Next, peer.Mode, peer.IsActive))];

    /// <summary>Proposes a command, to the leader if another member leads.</summary>
    public ProposalStatus Propose(ReadOnlyMemory<byte> payload) => Propose(new Proposal(EntryKind.Command, payload));

    /// <summary>One at a time (thesis §4.1): refused until the change before is applied.</summary>
    public ProposalStatus ProposeMembership(MembershipChange change) => Propose(new Proposal(EntryKind.MembershipChange, change.Encode()));

    /// <summary>
    /// Called while a membership change of <see cref="Ready.Committed"/> is applied, unless the shell refuses it, by all members or by none.
    /// </summary>
    public MemberSet ApplyMembershipChange(MembershipChange change)
    {
        var before = Members;
        Members = Members.After(change);
        if (Role == RaftRole.Leader && Members != before)
        {
            OnMembershipChanged();
        }

        return Members;
    }

    /// <summary>
    /// Hands leadership to <paramref name="target"/> as soon as it has the whole log (thesis §3.10); proposals are refused meanwhile. Given
    /// up after an election timeout. False where this member does not lead or the target does not vote.
    /// </summary>
    public bool TransferLeadership(NodeId target)
    {
        if (Role != RaftRole.Leader || target == Id || !Members.IsVoter(target))
        {
            return false;
        }

        if (_transferTarget != target)
        {
            _transferTarget = target;
            _ticksSinceTransfer = 0;
            var peer = PeerOf(target)!;
            peer.IsAppendDue = true;
            FinishTransfer(peer);
        }

        return true;
    }

    /// <summary>The transport could not deliver to a member: what is on the way to it is probably lost.</summary>
    public void ReportUnreachable(NodeId member) => PeerOf(member)?.OnUnreachable();

    /// <summary>The transport is done with a snapshot, one way or the other; every <see cref="Message.InstallSnapshot"/> needs it.</summary>
    public void ReportSnapshot(NodeId member, bool isDelivered) => PeerOf(member)?.OnSnapshotReported(isDelivered);

    private ProposalStatus Propose(Proposal proposal)
    {
        if (Role == RaftRole.Leader)
        {
            return Append(proposal);
        }

        if (Leader is null)
        {
            return ProposalStatus.NoLeader;
        }

        if (_forwardBytes > 0 && _forwardBytes + proposal.Payload.Length > _config.MaximumUncommittedBytes)
        {
            return ProposalStatus.TooManyUncommitted;
        }

        _forwards.Add(proposal);
        _forwardBytes += proposal.Payload.Length;
        return ProposalStatus.Forwarded;
    }

    private ProposalStatus Append(Proposal proposal)
    {
        if (_transferTarget is not null)
        {
            return ProposalStatus.LeadershipInTransfer;
        }

        if (_uncommittedBytes > 0 && _uncommittedBytes + proposal.Payload.Length > _config.MaximumUncommittedBytes)
        {
            return ProposalStatus.TooManyUncommitted;
        }

        if (proposal.Kind == EntryKind.MembershipChange)
        {
            if (AppliedIndex < _pendingChangeIndex)
            {
                return ProposalStatus.ChangePending;
            }

            _pendingChangeIndex = _log.Last.Index + 1;
        }

        AppendEntry(proposal.Kind, proposal.Payload);
        return ProposalStatus.Appended;
    }

    private void AppendEntry(EntryKind kind, ReadOnlyMemory<byte> payload)
    {
        _log.Append(new Entry(_log.Last.Index + 1, Term, kind, payload));
        _uncommittedBytes += _log[_log.Last.Index].Size;
    }

    private void OnPropose(Message.Propose propose)
    {
        if (Role == RaftRole.Leader)
        {
            foreach (var proposal in propose.Proposals)
            {
                Append(proposal);
            }
        }
        else if (Leader is { } leader)
        {
            // Ends: whoever is known to lead a term has been in it, so each step goes to a newer one.
            Send(propose with { To = leader });
        }
    }

    private void SendForwards()
    {
        if (_forwards.Count > 0 && Leader is { } leader && Role != RaftRole.Leader)
        {
            Send(new Message.Propose(Id, leader, [.. _forwards]));
        }

        _forwards.Clear();
        _forwardBytes = 0;
    }

    private void BecomeLeader()
    {
        Role = RaftRole.Leader;
        Leader = Id;
        _ticksSinceHeartbeat = 0;
        _ticksSinceQuorumCheck = 0;
        AddPeers(isActive: false);
        _uncommittedBytes = 0;
        for (ulong index = CommitIndex + 1; index <= _log.Last.Index; index++)
        {
            _uncommittedBytes += _log[index].Size;
        }

        AppendEntry(EntryKind.LeaderStart, ReadOnlyMemory<byte>.Empty);

        // No change before an entry of the own term is committed: the correction of thesis §4.1 (raft-dev, 2015).
        _pendingChangeIndex = _log.Last.Index;
    }

    private void StopLeading()
    {
        _peers.Clear();
        _transferTarget = null;
        DropReads();
    }

    private void AddPeers(bool isActive)
    {
        foreach (var member in Members.Voters.Concat(Members.Learners))
        {
            if (member != Id && PeerOf(member) is null)
            {
                _peers.Add(new Progress(member, _log.Last.Index + 1) { IsActive = isActive });
            }
        }
    }

    private void TickLeader()
    {
        if (_transferTarget is not null && ++_ticksSinceTransfer >= _config.ElectionTicks)
        {
            _transferTarget = null;
        }

        if (++_ticksSinceQuorumCheck >= _config.ElectionTicks)
        {
            _ticksSinceQuorumCheck = 0;
            if (!HasActiveQuorum())
            {
                BecomeFollower(Term, leader: null);
                return;
            }
        }

        if (++_ticksSinceHeartbeat >= _config.HeartbeatTicks)
        {
            SendHeartbeats();
        }
    }

    private bool HasActiveQuorum()
    {
        int active = Members.IsVoter(Id) ? 1 : 0;
        foreach (var peer in _peers)
        {
            active += peer.IsActive && Members.IsVoter(peer.Id) ? 1 : 0;
            peer.IsActive = false;
        }

        return active >= Members.Quorum;
    }

    private void FinishTransfer(Progress peer)
    {
        if (peer.Id == _transferTarget && peer.Match == _log.Last.Index)
        {
            Send(new Message.TimeoutNow(Id, peer.Id, Term));
        }
    }

    private void OnMembershipChanged()
    {
        foreach (var gone in _peers.Where(peer => !Members.Contains(peer.Id)).ToArray())
        {
            // Its last message tells a removed member that it is removed.
            gone.IsAppendDue = true;
            SendAppends(gone);
            _peers.Remove(gone);
        }

        // Taken for active at first, so that a new member does not cost the quorum before it could answer.
        AddPeers(isActive: true);
        if (!Members.IsVoter(Id))
        {
            LeaveLeadership();
            return;
        }

        if (_transferTarget is { } target && !Members.IsVoter(target))
        {
            _transferTarget = null;
        }

        // The quorum may have become smaller.
        CommitByCounting();
        ConfirmReads();
    }

    /// <summary>A removed leader leads until its removal is committed (thesis §4.2.2), then lets the most complete member stand at once.</summary>
    private void LeaveLeadership()
    {
        foreach (var peer in _peers)
        {
            peer.IsAppendDue = true;
            SendAppends(peer);
        }

        var heir = _peers.Where(peer => Members.IsVoter(peer.Id)).MaxBy(peer => peer.Match);
        if (heir is not null)
        {
            Send(new Message.TimeoutNow(Id, heir.Id, Term));
        }

        BecomeFollower(Term, leader: null);
    }

    private Progress? PeerOf(NodeId member)
    {
        foreach (var peer in _peers)
        {
            if (peer.Id == member)
            {
                return peer;
            }
        }

        return null;
    }
}
