using System.Collections.Immutable;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Membership;

namespace Coreutil.Tests.Etcd.Server.Membership;

// --strict-reconfig-check: no change of members that would leave the cluster without a quorum of those that answer.
public sealed class ReconfigurationRulesTests
{
    [Theory]
    [InlineData(1, 1, true)]  // a lone member gets company: how clusters begin
    [InlineData(2, 2, true)]  // 2 of 3
    [InlineData(2, 1, false)] // 1 of 3
    [InlineData(3, 3, true)]
    [InlineData(3, 2, false)] // 2 of 4
    public void A_member_is_added_where_a_quorum_of_one_more_answers(int members, int available, bool granted) =>
        Assert.Equal(granted, ReconfigurationRules.RefuseAdding(Members(members), member => member.Id <= (ulong)available) is null);

    [Theory]
    [InlineData(3, 2, 3, true)]  // the dead one goes
    [InlineData(3, 2, 1, false)] // a live one goes while another is dead
    [InlineData(3, 3, 1, true)]
    [InlineData(1, 1, 1, false)] // the last one
    public void A_member_is_removed_where_a_quorum_of_the_rest_answers(int members, int available, ulong removed, bool granted) =>
        Assert.Equal(granted, ReconfigurationRules.RefuseRemoving(Members(members), removed, member => member.Id <= (ulong)available, isStrict: true) is null);

    [Fact]
    public void Without_the_check_only_the_last_member_stays() =>
        Assert.Null(ReconfigurationRules.RefuseRemoving(Members(3), 1, _ => false, isStrict: false));

    private static ImmutableArray<Member> Members(int count) => [.. Enumerable.Range(1, count).Select(id => new Member((ulong)id, $"m{id}", [], []))];
}
