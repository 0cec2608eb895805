using System.Collections.Immutable;

namespace Coreutil.Raft;

/// <summary>Who this member is, and who votes.</summary>
/// <param name="ElectionTicks">Ticks without a leader after which a member campaigns.</param>
public sealed record RaftConfig(NodeId Id, ImmutableArray<NodeId> Voters, int ElectionTicks)
{
    public int Quorum => (Voters.Length / 2) + 1;
}
