using System.Collections.Immutable;

namespace Coreutil.Raft;

/// <summary>A read may be answered once the state machine has applied <paramref name="Index"/>.</summary>
public readonly record struct ReadState(ulong RequestId, ulong Index);

/// <summary>
/// What the core asks of its shell, in this order: send <see cref="MessagesBeforePersist"/>; persist <see cref="Snapshot"/>,
/// <see cref="HardState"/> and <see cref="Entries"/> with one sync; send <see cref="MessagesAfterPersist"/>; restore the state machine
/// from <see cref="Snapshot"/>; apply <see cref="Committed"/>; call <see cref="RaftNode.Advance"/>; answer <see cref="Reads"/>. README.md says why.
/// </summary>
public sealed record Ready
{
    /// <summary>From a leader whose term is on its disk already: the followers' disks work while its own does (thesis §10.2.1).</summary>
    public ImmutableArray<Message> MessagesBeforePersist { get; init; } = [];

    /// <summary>An installed snapshot: it replaces the state machine and the whole log before it. What was committed after it comes in the next ready.</summary>
    public SnapshotMetadata? Snapshot { get; init; }

    /// <summary>Null when there is nothing that must be remembered.</summary>
    public HardState? HardState { get; init; }

    /// <summary>Consecutive. An entry replaces the one with its index on the disk and all that follow it.</summary>
    public ImmutableArray<Entry> Entries { get; init; } = [];

    /// <summary>Answers and requests for votes: they speak of what is on the disk.</summary>
    public ImmutableArray<Message> MessagesAfterPersist { get; init; } = [];

    /// <summary>To be applied; for a membership change that it does not refuse, the shell calls <see cref="RaftNode.ApplyMembershipChange"/>.</summary>
    public ImmutableArray<Entry> Committed { get; init; } = [];

    public ImmutableArray<ReadState> Reads { get; init; } = [];

    public bool MustPersist => HardState is not null || Snapshot is not null || !Entries.IsEmpty;

    public bool IsEmpty => !MustPersist && Committed.IsEmpty && MessagesBeforePersist.IsEmpty && MessagesAfterPersist.IsEmpty && Reads.IsEmpty;
}
