namespace Coreutil.Raft;

public enum RaftRole
{
    Follower,

    /// <summary>Asks whether an election could be won, in the old term (thesis §9.6).</summary>
    PreCandidate,

    Candidate,
    Leader,
}

/// <summary>
/// One member as a pure state machine: ticks, messages and proposals in, <see cref="Ready"/> out. No clock, no thread, no I/O, chance
/// only from the generator passed in. One caller at a time. The state chart, the order of a turn and the invariants are in README.md.
/// </summary>
public sealed partial class RaftNode
{
    private readonly RaftConfig _config;
    private readonly Random _random;
    private readonly RaftLog _log;
    private NodeId? _votedFor;
    private HardState _persistedState;
    private ulong _persistedIndex;
    private LogPosition _applied;
    private SnapshotMetadata _snapshot;
    private SnapshotMetadata? _unpersistedSnapshot;

    /// <summary>A member with what it persisted; what was committed after the snapshot is handed out again to be applied.</summary>
    /// <param name="snapshot">What the state machine holds at the start, and who the members were then.</param>
    /// <param name="entries">Those after the snapshot.</param>
    public RaftNode(RaftConfig config, Random random, HardState state, SnapshotMetadata snapshot, IEnumerable<Entry> entries)
    {
        _config = config;
        _random = random;
        _log = new RaftLog(snapshot.Position);
        foreach (var entry in entries)
        {
            _log.Append(entry);
        }

        if (state.Commit > _log.Last.Index || state.Term < _log.Last.Term)
        {
            throw new RaftException(
                $"the log ends with entry {_log.Last.Index} of term {_log.Last.Term}, but {state.Commit} was committed in term {state.Term}: this member lost a part of its log; remove it from the cluster and add it anew");
        }

        Term = state.Term;
        _votedFor = state.VotedFor;
        CommitIndex = Math.Max(state.Commit, snapshot.Index);
        _persistedState = state;
        _persistedIndex = _log.Last.Index;
        _applied = snapshot.Position;
        _snapshot = snapshot;
        Members = snapshot.Members;
        _electionTimeout = NextElectionTimeout();
    }

    public NodeId Id => _config.Id;

    public RaftRole Role { get; private set; }

    public NodeId? Leader { get; private set; }

    public ulong Term { get; private set; }

    public ulong CommitIndex { get; private set; }

    /// <summary>Applied by the shell, as far as it said so.</summary>
    public ulong AppliedIndex => _applied.Index;

    public LogPosition LastEntry => _log.Last;

    /// <summary>What a snapshot of the state machine covers that is taken between <see cref="Advance"/> and the next change applied.</summary>
    public SnapshotMetadata Applied => new(_applied, Members);

    /// <summary>As of the last applied change.</summary>
    public MemberSet Members { get; private set; }

    /// <summary>The newest snapshot that a member which is far behind would get.</summary>
    public SnapshotMetadata Snapshot => _snapshot;

    /// <summary>A tick of the shell's clock has passed.</summary>
    public void Tick()
    {
        if (Role == RaftRole.Leader)
        {
            TickLeader();
        }
        else if (++_ticksSinceLeader >= _electionTimeout && CanCampaign)
        {
            Campaign();
        }
    }

    public void Step(Message message)
    {
        switch (message)
        {
            case Message.Propose propose:
                OnPropose(propose);
                return;
            case Message.RequestReadIndex request:
                OnRequestReadIndex(request);
                return;
            case Message.AnswerReadIndex answer:
                _readStates.AddRange(answer.Requests.Select(id => new ReadState(id, answer.Index)));
                return;
            case Message.AnswerVote answer:
                LearnCommit(answer.Commit);
                break;
            case Message.RequestVote { IsTransfer: false } when message.Term > Term && HearsLeader:
                // Thesis §4.2.3 and §6.2: whoever hears a leader does not help to replace it, and does not even take the term.
                return;
        }

        if (message.Term < Term)
        {
            AnswerOldTerm(message);
            return;
        }

        // A pre-vote asks about a term that nobody has entered yet, and so does the answer that grants it.
        if (message.Term > Term && message is not (Message.RequestVote { IsPreVote: true } or Message.AnswerVote { IsPreVote: true, IsGranted: true }))
        {
            BecomeFollower(message.Term, leader: null);
        }

        StepInTerm(message);
    }

    /// <summary>For the tests: null for what is not held.</summary>
    internal ulong? TermAt(ulong index) => _log.TermAt(index);

    /// <summary>
    /// The shell has a newer snapshot on its disk, of what it had applied. The entries it covers are forgotten but for those that
    /// <see cref="RaftConfig.EntriesKeptBehindSnapshot"/> keeps.
    /// </summary>
    public void Compact(SnapshotMetadata snapshot)
    {
        if (snapshot.Index > AppliedIndex)
        {
            throw new ArgumentException($"a snapshot at {snapshot.Index} covers more than was applied ({AppliedIndex})", nameof(snapshot));
        }

        if (snapshot.Index > _snapshot.Index)
        {
            _snapshot = snapshot;
            _log.CompactThrough(snapshot.Index - Math.Min(snapshot.Index, _config.EntriesKeptBehindSnapshot));
        }
    }

    private void StepInTerm(Message message)
    {
        switch (message)
        {
            case Message.RequestVote request:
                OnRequestVote(request);
                break;
            case Message.AnswerVote answer:
                OnAnswerVote(answer);
                break;
            case Message.Append append:
                FollowLeader(append);
                OnAppend(append);
                break;
            case Message.Heartbeat heartbeat:
                FollowLeader(heartbeat);
                OnHeartbeat(heartbeat);
                break;
            case Message.InstallSnapshot install:
                FollowLeader(install);
                OnInstallSnapshot(install);
                break;
            case Message.AnswerAppend answer when Role == RaftRole.Leader:
                OnAnswerAppend(answer);
                break;
            case Message.AnswerHeartbeat answer when Role == RaftRole.Leader:
                OnAnswerHeartbeat(answer);
                break;
            case Message.TimeoutNow:
                OnTimeoutNow();
                break;
            case Message.AnswerAppend or Message.AnswerHeartbeat:
                // To a leader that is none any more.
                break;
            default:
                throw new InvalidOperationException($"unknown message {message.GetType().Name}");
        }
    }

    /// <summary>The sender learns the newer term, so that it can join it (Raft §5.1).</summary>
    private void AnswerOldTerm(Message message)
    {
        switch (message)
        {
            case Message.Append or Message.Heartbeat or Message.InstallSnapshot:
                Send(new Message.AnswerAppend(Id, message.From, Term, 0, IsRejected: false, default));
                break;
            case Message.RequestVote request:
                AnswerVote(request, isGranted: false);
                break;
        }
    }
}
