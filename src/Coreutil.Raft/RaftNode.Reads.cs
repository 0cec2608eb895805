namespace Coreutil.Raft;

// Linearizable reads without a log entry: ReadIndex (thesis §6.4). One round of heartbeats confirms all reads that waited for it.
public sealed partial class RaftNode
{
    private readonly List<ReadState> _readStates = [];
    private readonly List<(NodeId From, ulong RequestId)> _waitingReads = [];
    private readonly List<(NodeId From, ulong RequestId)> _readsInRound = [];
    private ulong _readRound;
    private ulong _readIndexOfRound;

    private bool HasCommittedInTerm => _log.TermAt(CommitIndex) == Term;

    /// <summary>
    /// Asks for the index that a linearizable read must wait for; it comes in <see cref="Ready.Reads"/>. False when no leader is known. A
    /// request may get lost with a leader or a message: ask again with a new id after a timeout. Ids are never used twice, not by the next life of
    /// this process either: a late answer to an old one would be too low.
    /// </summary>
    public bool ReadIndex(ulong requestId)
    {
        if (Leader is null)
        {
            return false;
        }

        _waitingReads.Add((Id, requestId));
        return true;
    }

    private void OnRequestReadIndex(Message.RequestReadIndex request)
    {
        if (Role == RaftRole.Leader)
        {
            _waitingReads.AddRange(request.Requests.Select(id => (request.From, id)));
        }
        else if (Leader is { } leader)
        {
            Send(request with { To = leader });
        }
    }

    /// <summary>A leader confirms one round at a time, so that many reads cost as many messages as one; a follower passes its reads on.</summary>
    private void StartReadRound()
    {
        if (_waitingReads.Count == 0)
        {
            return;
        }

        if (Role != RaftRole.Leader)
        {
            if (Leader is { } leader)
            {
                Send(new Message.RequestReadIndex(Id, leader, [.. _waitingReads.Select(read => read.RequestId)]));
            }

            _waitingReads.Clear();
        }
        else if (_readsInRound.Count == 0 && HasCommittedInTerm)
        {
            // Before an entry of its own term is committed a leader does not know what is (thesis §6.4, step 1).
            _readsInRound.AddRange(_waitingReads);
            _waitingReads.Clear();
            _readIndexOfRound = CommitIndex;
            _readRound++;
            SendHeartbeats();
            ConfirmReads();
        }
    }

    private void ConfirmReads()
    {
        if (_readsInRound.Count == 0 || !IsRoundConfirmed())
        {
            return;
        }

        foreach (var reads in _readsInRound.GroupBy(read => read.From, read => read.RequestId))
        {
            if (reads.Key == Id)
            {
                _readStates.AddRange(reads.Select(id => new ReadState(id, _readIndexOfRound)));
            }
            else
            {
                Send(new Message.AnswerReadIndex(Id, reads.Key, _readIndexOfRound, [.. reads]));
            }
        }

        _readsInRound.Clear();
    }

    private bool IsRoundConfirmed()
    {
        int confirmed = Members.IsVoter(Id) ? 1 : 0;
        foreach (var peer in _peers)
        {
            confirmed += peer.ReadRound >= _readRound && Members.IsVoter(peer.Id) ? 1 : 0;
        }

        return confirmed >= Members.Quorum;
    }

    private void DropReads()
    {
        _waitingReads.Clear();
        _readsInRound.Clear();
        _readRound = 0;
    }
}
