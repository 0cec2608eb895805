using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>Where this member stands, as its handlers show it; replaced as a whole.</summary>
/// <param name="LeaderSince">When the leader became known; without a leader, when it was lost.</param>
internal sealed record ConsensusStatus(RaftRole Role, NodeId? Leader, ulong Term, DateTimeOffset LeaderSince)
{
    public bool HasLeader => Leader is not null;

    public bool IsLeader => Role == RaftRole.Leader;
}
