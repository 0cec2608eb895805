namespace Coreutil.Raft;

/// <summary>What a member must remember through a crash before it answers anybody (Raft figure 2, persistent state; the commit index saves replay).</summary>
public sealed record HardState(ulong Term, NodeId? VotedFor, ulong Commit)
{
    public static HardState Initial { get; } = new(0, null, 0);
}
