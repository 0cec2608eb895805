using System.Collections.Immutable;

namespace Coreutil.Raft;

/// <summary>Who belongs to the cluster: voters decide, learners only receive (thesis §4.2.1). Both in ascending order.</summary>
public sealed record MemberSet
{
    private MemberSet(ImmutableArray<NodeId> voters, ImmutableArray<NodeId> learners) => (Voters, Learners) = (voters, learners);

    /// <summary>A member that joins knows nobody until the log or a snapshot tells it.</summary>
    public static MemberSet Empty { get; } = new([], []);

    public ImmutableArray<NodeId> Voters { get; }

    public ImmutableArray<NodeId> Learners { get; }

    public int Quorum => (Voters.Length / 2) + 1;

    public static MemberSet Of(IEnumerable<NodeId> voters, IEnumerable<NodeId>? learners = null) => new(Ordered(voters), Ordered(learners ?? []));

    public bool IsVoter(NodeId id) => Voters.Contains(id);

    public bool Contains(NodeId id) => Voters.Contains(id) || Learners.Contains(id);

    /// <summary>
    /// The membership after a change. What is so already stays so: adding a voter as a learner does not demote it, and the last voter
    /// cannot be removed, because nobody could ever commit anything again.
    /// </summary>
    public MemberSet After(MembershipChange change)
    {
        var member = change.Member;
        return change.Kind switch
        {
            MembershipChangeKind.AddVoter when !IsVoter(member) => new(Ordered(Voters.Add(member)), Learners.Remove(member)),
            MembershipChangeKind.AddLearner when !Contains(member) => new(Voters, Ordered(Learners.Add(member))),
            MembershipChangeKind.Remove when Learners.Contains(member) => new(Voters, Learners.Remove(member)),
            MembershipChangeKind.Remove when IsVoter(member) && Voters.Length > 1 => new(Voters.Remove(member), Learners),
            _ => this,
        };
    }

    public bool Equals(MemberSet? other) => other is not null && Voters.SequenceEqual(other.Voters) && Learners.SequenceEqual(other.Learners);

    public override int GetHashCode() => HashCode.Combine(Voters.Length, Learners.Length, Voters.FirstOrDefault(), Learners.FirstOrDefault());

    public override string ToString() => Learners.IsEmpty ? string.Join(' ', Voters) : $"{string.Join(' ', Voters)} + {string.Join(' ', Learners)}";

    private static ImmutableArray<NodeId> Ordered(IEnumerable<NodeId> members) => [.. members.Distinct().OrderBy(member => member.Value)];
}
