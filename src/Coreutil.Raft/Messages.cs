using System.Collections.Immutable;

namespace Coreutil.Raft;

/// <summary>A message to or from another member. Term 0 stands for none: proposals and reads are good in any term.</summary>
public abstract record Message(NodeId From, NodeId To, ulong Term)
{
    /// <summary>RequestVote (Raft §5.2). A pre-vote (thesis §9.6) asks for the term after the sender's without entering it.</summary>
    /// <param name="IsTransfer">The leader asked for this election, so nobody protects it (thesis §3.10, §4.2.3).</param>
    public sealed record RequestVote(NodeId From, NodeId To, ulong Term, LogPosition LastEntry, bool IsPreVote, bool IsTransfer) : Message(From, To, Term);

    /// <param name="Commit">
    /// What the sender knows to be committed. A candidate that has the same entry learns it from here: it may be the removal of a member
    /// whose vote it would wait for in vain.
    /// </param>
    public sealed record AnswerVote(NodeId From, NodeId To, ulong Term, bool IsPreVote, bool IsGranted, LogPosition Commit) : Message(From, To, Term);

    /// <summary>AppendEntries (Raft §5.3).</summary>
    public sealed record Append(NodeId From, NodeId To, ulong Term, LogPosition Previous, ImmutableArray<Entry> Entries, ulong Commit) : Message(From, To, Term);

    /// <summary>Accepted: the sender's log agrees through <paramref name="Index"/>, on its disk.</summary>
    /// <param name="Index">Of a rejection: the index of the previous entry that was refused.</param>
    /// <param name="Hint">Of a rejection: the last place where the sender's log may agree (Raft §5.3, the last paragraph but one).</param>
    public sealed record AnswerAppend(NodeId From, NodeId To, ulong Term, ulong Index, bool IsRejected, LogPosition Hint) : Message(From, To, Term);

    /// <param name="Commit">What the receiver may commit: at most what it acknowledged. Its term lets the receiver check that it still has it.</param>
    /// <param name="ReadRound">Counts the rounds of <see cref="RaftNode.ReadIndex"/> in this term.</param>
    public sealed record Heartbeat(NodeId From, NodeId To, ulong Term, LogPosition Commit, ulong ReadRound) : Message(From, To, Term);

    public sealed record AnswerHeartbeat(NodeId From, NodeId To, ulong Term, ulong ReadRound) : Message(From, To, Term);

    /// <summary>InstallSnapshot (Raft §7). The content is the shell's to carry; the receiver steps this once it has all of it.</summary>
    public sealed record InstallSnapshot(NodeId From, NodeId To, ulong Term, SnapshotMetadata Snapshot) : Message(From, To, Term);

    /// <summary>The leader asks a caught-up member to stand for election at once (thesis §3.10).</summary>
    public sealed record TimeoutNow(NodeId From, NodeId To, ulong Term) : Message(From, To, Term);

    /// <summary>Proposals on their way to the leader. The transport delivers it at most once: the core cannot tell a repeated one.</summary>
    public sealed record Propose(NodeId From, NodeId To, ImmutableArray<Proposal> Proposals) : Message(From, To, 0);

    /// <summary>Reads on their way to the leader, by the ids that the sender's shell gave them.</summary>
    public sealed record RequestReadIndex(NodeId From, NodeId To, ImmutableArray<ulong> Requests) : Message(From, To, 0);

    public sealed record AnswerReadIndex(NodeId From, NodeId To, ulong Index, ImmutableArray<ulong> Requests) : Message(From, To, 0);
}
