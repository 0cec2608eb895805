using System.Collections.Immutable;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>Which changes of members would leave the cluster without a quorum of those that answer now.</summary>
internal static class ReconfigurationRules
{
    /// <summary>Why a member cannot be added; null when it can. A lone member may always get company: it says how clusters begin.</summary>
    public static string? RefuseAdding(ImmutableArray<Member> members, Func<Member, bool> isAvailable)
    {
        int available = members.Count(isAvailable);
        int quorum = ((members.Length + 1) / 2) + 1;
        return members.Length == 1 || available >= quorum
            ? null
            : $"{available} of {members.Length} members answer, and with one more, which has not started, {quorum} are needed; start the others or remove them first";
    }

    /// <summary>Why a member cannot be removed; null when it can.</summary>
    public static string? RefuseRemoving(ImmutableArray<Member> members, ulong id, Func<Member, bool> isAvailable, bool isStrict)
    {
        ImmutableArray<Member> left = [.. members.Where(member => member.Id != id)];
        if (left.IsEmpty)
        {
            return "it is the only member";
        }

        int available = left.Count(isAvailable);
        int quorum = (left.Length / 2) + 1;
        return !isStrict || available >= quorum
            ? null
            : $"of the {left.Length} members left {available} answer, and {quorum} are needed; start the others first";
    }
}
