namespace Coreutil.Raft;

// Elections: Raft §5.2 and §5.4.1; thesis §3.10 (transfer), §4.2.3 and §6.2 (a leader that is heard is not replaced, and steps down
// when it hears no quorum), §9.6 (pre-vote).
public sealed partial class RaftNode
{
    /// <summary>After a leader's end the next one is asked for votes only when all have noticed; and so long has each for its election.</summary>
    private const int TicksUntilAllKnow = 2;

    private readonly Dictionary<NodeId, bool> _votes = [];
    private int _ticksSinceLeader;
    private int _electionTimeout;
    private ulong? _termToReplace;

    /// <summary>
    /// Stands for election. A lone voter need not wait for the timeout: nobody else can be leader. Does nothing where <see cref="CanCampaign"/> is false.
    /// </summary>
    public void Campaign()
    {
        if (Role != RaftRole.Leader && CanCampaign)
        {
            BecomePreCandidate();
        }
    }

    /// <summary>
    /// The transport found nobody at a member's any more: its process has ended. If it led, what it would have sent need not be waited for. The others find
    /// the same in the same moment, so that they stand one after the other, in the order of their ids; the timeout stays for when they do not. A
    /// report that is wrong changes nothing where others hear the leader (thesis §9.6).
    /// </summary>
    public void ReportGone(NodeId member)
    {
        if (Role == RaftRole.Follower && Leader == member)
        {
            Leader = null;
            int turn = Members.Voters.Remove(member).IndexOf(Id);
            _ticksSinceLeader = Math.Max(_ticksSinceLeader, _electionTimeout - (TicksUntilAllKnow * (turn + 1)));
        }
    }

    /// <summary>
    /// Only a voter, and only one that has applied all membership changes it knows to be committed: otherwise it would count the votes of
    /// a membership that is two changes old (README.md).
    /// </summary>
    private bool CanCampaign => Members.IsVoter(Id) && _unpersistedSnapshot is null && !HasUnappliedChange();

    private bool HearsLeader => Leader is not null && (Role == RaftRole.Leader || _ticksSinceLeader < _config.ElectionTicks);

    private bool HasUnappliedChange()
    {
        for (ulong index = AppliedIndex + 1; index <= CommitIndex; index++)
        {
            if (_log[index].Kind == EntryKind.MembershipChange)
            {
                return true;
            }
        }

        return false;
    }

    private void BecomeFollower(ulong term, NodeId? leader)
    {
        if (term != Term)
        {
            Term = term;
            _votedFor = null;
        }

        Role = RaftRole.Follower;
        Leader = leader;
        _ticksSinceLeader = 0;
        _electionTimeout = NextElectionTimeout();
        StopLeading();
    }

    private void BecomePreCandidate()
    {
        Role = RaftRole.PreCandidate;
        StandForElection(Term + 1, isPreVote: true, isTransfer: false);
    }

    private void BecomeCandidate(bool isTransfer)
    {
        Role = RaftRole.Candidate;
        Term++;
        _votedFor = Id;
        StandForElection(Term, isPreVote: false, isTransfer);
    }

    private void StandForElection(ulong term, bool isPreVote, bool isTransfer)
    {
        Leader = null;
        _ticksSinceLeader = 0;
        _electionTimeout = NextElectionTimeout();
        StopLeading();
        _votes.Clear();
        foreach (var voter in Members.Voters)
        {
            if (voter != Id)
            {
                Send(new Message.RequestVote(Id, voter, term, _log.Last, isPreVote, isTransfer));
            }
        }

        CountVote(Id, isGranted: true);
    }

    /// <summary>RequestVote, receiver side. The answer leaves after the vote is on the disk.</summary>
    private void OnRequestVote(Message.RequestVote request)
    {
        bool isFree = _votedFor == request.From || (_votedFor is null && Leader is null) || (request.IsPreVote && request.Term > Term);
        bool isGranted = isFree && request.LastEntry.IsAtLeast(_log.Last);
        if (isGranted && !request.IsPreVote)
        {
            _votedFor = request.From;
            _ticksSinceLeader = 0;
        }

        // A granted pre-vote speaks of the term asked about, a refused one of ours.
        AnswerVote(request, isGranted);
    }

    private void AnswerVote(Message.RequestVote request, bool isGranted)
    {
        var commit = new LogPosition(_log.TermAt(CommitIndex) ?? 0, CommitIndex);
        Send(new Message.AnswerVote(Id, request.From, isGranted ? request.Term : Term, request.IsPreVote, isGranted, commit));
    }

    /// <summary>What is committed is so for all; if this log agrees there, it agrees up to there (Raft §5.3).</summary>
    private void LearnCommit(LogPosition commit)
    {
        if (Role != RaftRole.Leader && commit.Index > CommitIndex && _log.Has(commit))
        {
            CommitIndex = commit.Index;
        }
    }

    private void OnAnswerVote(Message.AnswerVote answer)
    {
        bool isExpected = answer.IsPreVote
            ? Role == RaftRole.PreCandidate && (!answer.IsGranted || answer.Term == Term + 1)
            : Role == RaftRole.Candidate;
        if (isExpected)
        {
            CountVote(answer.From, answer.IsGranted);
        }
    }

    private void CountVote(NodeId from, bool isGranted)
    {
        _votes.TryAdd(from, isGranted);
        int granted = 0;
        int refused = 0;
        foreach (var voter in Members.Voters)
        {
            if (_votes.TryGetValue(voter, out bool vote))
            {
                (granted, refused) = vote ? (granted + 1, refused) : (granted, refused + 1);
            }
        }

        if (granted >= Members.Quorum)
        {
            if (Role == RaftRole.PreCandidate)
            {
                BecomeCandidate(isTransfer: false);
            }
            else
            {
                BecomeLeader();
            }
        }
        else if (refused > Members.Voters.Length - Members.Quorum)
        {
            BecomeFollower(Term, leader: null);
        }
    }

    private void OnTimeoutNow()
    {
        _termToReplace = Term;
        StandAsAsked();
    }

    /// <summary>Without a pre-vote: the leader wants to be replaced. At once, or as soon as a change that came with the request is applied.</summary>
    private void StandAsAsked()
    {
        if (_termToReplace == Term && Role != RaftRole.Leader && CanCampaign)
        {
            BecomeCandidate(isTransfer: true);
        }
    }

    /// <summary>A message that only the leader of the term sends.</summary>
    private void FollowLeader(Message message)
    {
        if (Role == RaftRole.Leader)
        {
            throw new RaftException($"two leaders in term {Term}: {Id} and {message.From}");
        }

        if (Role != RaftRole.Follower || Leader != message.From)
        {
            BecomeFollower(Term, message.From);
        }

        _ticksSinceLeader = 0;
    }

    private int NextElectionTimeout() => _config.ElectionTicks + _random.Next(_config.ElectionTicks);
}
