using Coreutil.Raft;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>Raft figure 3, and that what is acknowledged is on the disks of a majority: checked at every step, against everything seen before.</summary>
internal sealed class Invariants(World world)
{
    private readonly Dictionary<ulong, NodeId> _leaders = [];
    private readonly Dictionary<(NodeId Voter, ulong Term), NodeId> _votes = [];
    private readonly Dictionary<LogPosition, (Entry Entry, ulong PreviousTerm)> _entries = [];
    private readonly List<(ulong Term, ulong CommittedInTerm)> _committed = [(0, 0)];
    private readonly List<(Entry? Entry, ulong Hash)> _applied = [(null, 0)];

    public ulong CommittedIndex => (ulong)_committed.Count - 1;

    /// <summary>Raft §5.2: at most one leader a term; §5.4: it has all that was committed before its term.</summary>
    public void OnLeader(RaftNode node)
    {
        if (!_leaders.TryAdd(node.Term, node.Id) && _leaders[node.Term] != node.Id)
        {
            throw new SimulationFailure("election safety", $"{_leaders[node.Term]} and {node.Id} lead in term {node.Term}");
        }

        for (int index = _committed.Count - 1; index > 0 && (ulong)index > node.Snapshot.Index; index--)
        {
            var (term, committedInTerm) = _committed[index];
            if (committedInTerm < node.Term && node.TermAt((ulong)index) != term)
            {
                throw new SimulationFailure(
                    "leader completeness",
                    $"{node.Id} leads in term {node.Term} without entry {index} of term {term}, which was committed in term {committedInTerm}; it has {node.TermAt((ulong)index)?.ToString() ?? "none"}");
            }
        }
    }

    /// <summary>Raft §5.2: a member votes for one candidate a term.</summary>
    public void OnVote(Message.AnswerVote answer)
    {
        if (answer is { IsGranted: true, IsPreVote: false } && !_votes.TryAdd((answer.From, answer.Term), answer.To) && _votes[(answer.From, answer.Term)] != answer.To)
        {
            throw new SimulationFailure("election safety", $"{answer.From} votes in term {answer.Term} for {_votes[(answer.From, answer.Term)]} and {answer.To}");
        }
    }

    /// <summary>Raft §5.3, by induction: an entry of one index and term is the same everywhere, and so is the one before it.</summary>
    public void OnEntries(RaftNode node, IEnumerable<Entry> entries)
    {
        foreach (var entry in entries)
        {
            if (node.TermAt(entry.Index - 1) is not { } previousTerm || node.TermAt(entry.Index) != entry.Term)
            {
                continue;
            }

            if (!_entries.TryAdd(entry.Position, (entry, previousTerm)))
            {
                var (other, otherPreviousTerm) = _entries[entry.Position];
                if (otherPreviousTerm != previousTerm || !IsSame(entry, other))
                {
                    throw new SimulationFailure(
                        "log matching", $"{node.Id} has entry {entry.Index} of term {entry.Term} after one of term {previousTerm}, another after one of term {otherPreviousTerm}, or with another payload");
                }
            }
        }
    }

    /// <summary>Raft §5.3, §5.4.3: what is committed is never another; what a leader commits is on the disks of a majority.</summary>
    public void OnCommit(RaftNode node, ulong before)
    {
        for (ulong index = before + 1; index <= node.CommitIndex; index++)
        {
            if (node.TermAt(index) is not { } term)
            {
                continue;
            }

            if (index == (ulong)_committed.Count)
            {
                _committed.Add((term, node.Term));
            }
            else if (index < (ulong)_committed.Count && _committed[(int)index].Term != term)
            {
                throw new SimulationFailure("state machine safety", $"{node.Id} commits entry {index} of term {term}; it was committed in term {_committed[(int)index].Term} before");
            }
        }

        if (node.Role == RaftRole.Leader && node.TermAt(node.CommitIndex) is { } commitTerm)
        {
            var position = new LogPosition(commitTerm, node.CommitIndex);
            int durable = node.Members.Voters.Count(voter => world.IsDurable(voter, position));
            if (durable < node.Members.Quorum)
            {
                throw new SimulationFailure(
                    "acknowledged means durable", $"leader {node.Id} commits entry {position.Index} of term {commitTerm}, which is on {durable} of the {node.Members.Voters.Length} disks of [{node.Members}]");
            }
        }
    }

    /// <summary>Raft §5.4.3: no member applies another entry at an index, or comes by it to another state.</summary>
    public void OnApply(NodeId member, Entry entry, ulong hash)
    {
        if (entry.Index == (ulong)_applied.Count)
        {
            _applied.Add((entry, hash));
        }
        else if (entry.Index > (ulong)_applied.Count)
        {
            throw new SimulationFailure("state machine safety", $"{member} applies entry {entry.Index} before anybody applied {_applied.Count}");
        }
        else if (_applied[(int)entry.Index].Entry is { } first && !IsSame(first, entry))
        {
            throw new SimulationFailure("state machine safety", $"{member} applies entry {entry.Index} of term {entry.Term}, another applied one of term {first.Term}");
        }

        OnState(member, entry.Index, hash);
    }

    /// <summary>After applying, or after a snapshot.</summary>
    public void OnState(NodeId member, ulong index, ulong hash)
    {
        if (index >= (ulong)_applied.Count || _applied[(int)index].Hash != hash)
        {
            throw new SimulationFailure("state machine safety", $"{member} has another state at index {index} than the others");
        }
    }

    private static bool IsSame(Entry one, Entry other) =>
        ReferenceEquals(one, other) || (one.Position == other.Position && one.Kind == other.Kind && one.Payload.Span.SequenceEqual(other.Payload.Span));
}
