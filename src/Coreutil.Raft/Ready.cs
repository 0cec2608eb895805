using System.Collections.Immutable;

namespace Coreutil.Raft;

/// <summary>
/// What the core asks of its shell, in this order: persist <see cref="HardState"/> and <see cref="Entries"/> with one sync, send
/// <see cref="Messages"/>, apply <see cref="Committed"/>, then call <see cref="RaftNode.Advance"/>.
/// </summary>
/// <param name="HardState">Null when it did not change since the last one persisted.</param>
public sealed record Ready(HardState? HardState, ImmutableArray<Entry> Entries, ImmutableArray<Entry> Committed, ImmutableArray<Message> Messages)
{
    public bool IsEmpty => HardState is null && Entries.IsEmpty && Committed.IsEmpty && Messages.IsEmpty;
}
