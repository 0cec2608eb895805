using System.Collections.Immutable;

namespace Coreutil.Raft;

public enum RaftRole
{
    Follower,
    Candidate,
    Leader,
}

/// <summary>
/// One member as a pure state machine: ticks, messages and proposals in, <see cref="Ready"/> out. No clock, no thread, no I/O. It elects
/// among any number of voters, but sends no entries yet, so it refuses to be one of several (see README.md).
/// </summary>
public sealed class RaftNode
{
    private readonly RaftConfig _config;
    private readonly RaftLog _log;
    private readonly HashSet<NodeId> _votes = [];
    private readonly List<Message> _messages = [];
    private HardState _state;
    private HardState _persistedState;
    private ulong _persistedIndex;
    private ulong _appliedIndex;
    private int _ticksWithoutLeader;

    /// <summary>A member with what it persisted: entries after <paramref name="appliedIndex"/> will be handed out to be applied again.</summary>
    public RaftNode(RaftConfig config, HardState state, RaftLog log, ulong appliedIndex)
    {
        if (config.Voters.Length != 1 || config.Voters[0] != config.Id)
        {
            throw new NotSupportedException("a member of a cluster of several is not built yet: entries are not sent to others");
        }

        _config = config;
        _log = log;
        _state = state;
        _persistedState = state;
        _persistedIndex = log.Last.Index;
        _appliedIndex = appliedIndex;
    }

    public RaftRole Role { get; private set; }

    public NodeId? Leader { get; private set; }

    public ulong Term => _state.Term;

    public ulong CommitIndex => _state.Commit;

    /// <summary>One heartbeat interval has passed.</summary>
    public void Tick()
    {
        if (Role == RaftRole.Leader)
        {
            return;
        }

        _ticksWithoutLeader++;
        if (_ticksWithoutLeader >= _config.ElectionTicks)
        {
            Campaign();
        }
    }

    /// <summary>Stands for election (Raft §5.2). A lone voter need not wait for the timeout: nobody else can be leader.</summary>
    public void Campaign()
    {
        _ticksWithoutLeader = 0;
        Role = RaftRole.Candidate;
        Leader = null;
        _state = _state with { Term = _state.Term + 1, VotedFor = _config.Id };
        _votes.Clear();
        var request = new VoteRequest(_state.Term, _config.Id, _log.Last);
        foreach (var voter in _config.Voters.Where(voter => voter != _config.Id))
        {
            _messages.Add(new Message.RequestVote(_config.Id, voter, request));
        }

        CountVote(_config.Id);
    }

    public void Step(Message message)
    {
        switch (message)
        {
            case Message.RequestVote vote:
                if (vote.Request.Term > _state.Term)
                {
                    Follow();
                }

                (_state, var reply) = Election.OnVoteRequest(_state, _log.Last, vote.Request);
                _messages.Add(new Message.AnswerVote(_config.Id, vote.From, reply));
                break;
            case Message.AnswerVote answer:
                OnVoteReply(answer.From, answer.Reply);
                break;
            default:
                throw new InvalidOperationException($"unknown message {message.GetType().Name}");
        }
    }

    /// <summary>Appends a command; its index, or null when this member is not the leader.</summary>
    public ulong? Propose(ReadOnlyMemory<byte> payload) => Role == RaftRole.Leader ? Append(EntryKind.Command, payload) : null;

    /// <summary>Everything that is due now. Call <see cref="Advance"/> with it once all of it is done.</summary>
    public Ready TakeReady()
    {
        ImmutableArray<Message> messages = [.. _messages];
        _messages.Clear();
        var entries = _log.Slice(_persistedIndex, _log.Last.Index);
        // A new commit index alone is not worth a sync: it can be found again, a vote or a term cannot.
        bool mustPersist = !entries.IsEmpty || _state.Term != _persistedState.Term || _state.VotedFor != _persistedState.VotedFor;
        return new Ready(
            mustPersist && _state != _persistedState ? _state : null,
            entries,
            _log.Slice(_appliedIndex, Math.Min(_state.Commit, _persistedIndex)),
            messages);
    }

    /// <summary>The shell has persisted and applied <paramref name="done"/>. A leader counts itself for the commit only now, after its sync.</summary>
    public void Advance(Ready done)
    {
        _persistedState = done.HardState ?? _persistedState;
        if (!done.Entries.IsEmpty)
        {
            _persistedIndex = done.Entries[^1].Index;
        }

        if (!done.Committed.IsEmpty)
        {
            _appliedIndex = done.Committed[^1].Index;
        }

        // Raft §5.4.2: only an entry of the leader's own term is committed by counting; earlier ones follow with it.
        if (Role == RaftRole.Leader && _persistedIndex > _state.Commit && _log.Last.Term == _state.Term)
        {
            _state = _state with { Commit = _persistedIndex };
        }
    }

    /// <summary>Forgets the entries that a snapshot covers.</summary>
    public void CompactThrough(ulong index) => _log.CompactThrough(Math.Min(index, _appliedIndex));

    private void OnVoteReply(NodeId from, VoteReply reply)
    {
        if (reply.Term > _state.Term)
        {
            _state = _state with { Term = reply.Term, VotedFor = null };
            Follow();
        }
        else if (Role == RaftRole.Candidate && reply.Term == _state.Term && reply.Granted)
        {
            CountVote(from);
        }
    }

    private void CountVote(NodeId from)
    {
        _votes.Add(from);
        if (_votes.Count < _config.Quorum)
        {
            return;
        }

        Role = RaftRole.Leader;
        Leader = _config.Id;
        Append(EntryKind.LeaderStart, ReadOnlyMemory<byte>.Empty);
    }

    private void Follow()
    {
        Role = RaftRole.Follower;
        Leader = null;
        _ticksWithoutLeader = 0;
    }

    private ulong Append(EntryKind kind, ReadOnlyMemory<byte> payload)
    {
        var entry = new Entry(_log.Last.Index + 1, _state.Term, kind, payload);
        _log.Append(entry);
        return entry.Index;
    }
}
