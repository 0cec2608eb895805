using System.Collections.Immutable;

namespace Coreutil.Raft;

/// <summary>
/// How a cluster begins: every first member writes the same log, one change for each of them, as committed in term 1. So a member that
/// joins later learns the first members from the log like everything else.
/// </summary>
public static class Bootstrap
{
    /// <param name="members">In the same order, with the same contexts, on every first member.</param>
    public static (HardState State, ImmutableArray<Entry> Entries) Of(IReadOnlyList<MembershipChange> members) => (
        new HardState(1, null, (ulong)members.Count),
        [.. members.Select((change, at) => new Entry((ulong)at + 1, 1, EntryKind.MembershipChange, change.Encode()))]);
}
