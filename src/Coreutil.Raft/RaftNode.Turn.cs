using System.Collections.Immutable;

namespace Coreutil.Raft;

// What is due is handed to the shell, and counts as done when the shell says so: README.md argues for the order.
public sealed partial class RaftNode
{
    private readonly List<Message> _messagesBeforePersist = [];
    private readonly List<Message> _messagesAfterPersist = [];
    private Ready? _underWay;

    /// <summary>
    /// Everything that is due now; <see cref="Advance"/> must follow before the next, unless it is empty. In between the other methods may be called.
    /// </summary>
    public Ready TakeReady()
    {
        if (_underWay is not null)
        {
            throw new InvalidOperationException("the ready before is not advanced yet");
        }

        SendForwards();
        StartReadRound();
        SendAppends();
        var ready = Gather();
        if (!ready.IsEmpty)
        {
            _messagesBeforePersist.Clear();
            _messagesAfterPersist.Clear();
            _readStates.Clear();
            _underWay = ready;
        }

        return ready;
    }

    /// <summary>The shell has done all of <paramref name="done"/>. A leader counts itself for the commit only now, after its sync.</summary>
    public void Advance(Ready done)
    {
        if (done != _underWay)
        {
            throw new InvalidOperationException("this is not the ready that was taken");
        }

        _underWay = null;
        _persistedState = done.HardState ?? _persistedState;
        if (done.Snapshot is { } installed)
        {
            _unpersistedSnapshot = _unpersistedSnapshot == installed ? null : _unpersistedSnapshot;
            _snapshot = installed;
            _applied = installed.Position;
            Members = installed.Members;
        }

        // What was replaced while the disk worked is not the log any more.
        if (!done.Entries.IsEmpty && _log.Has(done.Entries[^1].Position))
        {
            _persistedIndex = Math.Max(_persistedIndex, done.Entries[^1].Index);
        }

        if (!done.Committed.IsEmpty)
        {
            _applied = done.Committed[^1].Position;
        }

        if (Role == RaftRole.Leader)
        {
            CommitByCounting();
        }
        else
        {
            StandAsAsked();
        }
    }

    private Ready Gather()
    {
        var entries = _log.Slice(_persistedIndex, _log.Last.Index);
        var committed = _unpersistedSnapshot is null ? _log.Slice(AppliedIndex, CommitIndex) : [];
        bool isStateNew = Term != _persistedState.Term || _votedFor != _persistedState.VotedFor;

        // A commit index that only moved is not worth a sync: it can be found again, a vote or a term cannot. With entries
        // and before a membership change it must go, see README.md.
        bool mustPersist = isStateNew || !entries.IsEmpty || _unpersistedSnapshot is not null || HasChangeUnknownToDisk(committed);
        bool isChanged = isStateNew || CommitIndex != _persistedState.Commit;

        // Nothing may go out in a term that a crash could take back.
        ImmutableArray<Message> early = isStateNew ? [] : [.. _messagesBeforePersist];
        return new Ready
        {
            MessagesBeforePersist = early,
            Snapshot = _unpersistedSnapshot,
            HardState = mustPersist && isChanged ? new HardState(Term, _votedFor, CommitIndex) : null,
            Entries = entries,
            MessagesAfterPersist = isStateNew ? [.. _messagesBeforePersist, .. _messagesAfterPersist] : [.. _messagesAfterPersist],
            Committed = committed,
            Reads = [.. _readStates],
        };
    }

    /// <summary>A membership change that was acted upon must not be in doubt after a crash.</summary>
    private bool HasChangeUnknownToDisk(ImmutableArray<Entry> committed)
    {
        foreach (var entry in committed)
        {
            if (entry.Kind == EntryKind.MembershipChange && entry.Index > _persistedState.Commit)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Speaks of what is on the disk, or of nothing that has to be.</summary>
    private void Send(Message message) => _messagesAfterPersist.Add(message);

    private void SendEarly(Message message) => _messagesBeforePersist.Add(message);
}
