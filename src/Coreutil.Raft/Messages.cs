namespace Coreutil.Raft;

/// <summary>RequestVote (Raft §5.2).</summary>
public readonly record struct VoteRequest(ulong Term, NodeId Candidate, LogPosition LastEntry);

public readonly record struct VoteReply(ulong Term, bool Granted);

/// <summary>What a member must remember through a crash before it answers anybody (Raft figure 2, persistent state; the commit index saves replay).</summary>
public sealed record HardState(ulong Term, NodeId? VotedFor, ulong Commit)
{
    public static HardState Initial { get; } = new(0, null, 0);
}

/// <summary>A message to or from another member.</summary>
public abstract record Message(NodeId From, NodeId To)
{
    public sealed record RequestVote(NodeId From, NodeId To, VoteRequest Request) : Message(From, To);

    public sealed record AnswerVote(NodeId From, NodeId To, VoteReply Reply) : Message(From, To);
}
