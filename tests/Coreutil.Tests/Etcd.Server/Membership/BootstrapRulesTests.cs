using System.Collections.Immutable;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server;
using Coreutil.Etcd.Server.Membership;

namespace Coreutil.Tests.Etcd.Server.Membership;

// etcd.md §5: what a new member checks before it makes a data directory, in the original's words.
public sealed class BootstrapRulesTests
{
    [Theory]
    [InlineData("a=http://h:1,b=http://h:2", null)]
    [InlineData("b=http://h:2,c=http://h:3", "couldn't find local name \"a\" in the initial cluster configuration")]
    [InlineData("a=http://h:9,b=http://h:2", "--initial-cluster must include a=http://h:1 given --initial-advertise-peer-urls=http://h:1")]
    [InlineData("a=http://h:1,b=http://h:1", "initial cluster a=http://h:1,b=http://h:1 has duplicate url")]
    public void A_new_cluster_names_each_member_once_and_us_as_we_say(string cluster, string? refusal) =>
        Assert.Equal(refusal, BootstrapRules.Refuse(Config, InitialCluster.Parse(cluster)));

    [Fact]
    public void Who_joins_a_running_cluster_is_found_by_its_URLs_not_checked_against_them() =>
        Assert.Null(BootstrapRules.Refuse(Config with { JoinsExistingCluster = true }, InitialCluster.Parse("a=http://h:9,b=http://h:2")));

    [Fact]
    public void Members_take_the_ids_they_have_in_the_running_cluster()
    {
        ImmutableArray<Member> running = [new(5, "b", ["http://h:2"], ["http://c:2"]), new(9, "", ["http://h:1"], [])];

        var (matched, refusal) = BootstrapRules.Match(InitialCluster.Parse("a=http://h:1,b=http://h:2").Members("token"), running);

        Assert.Null(refusal);
        Assert.Equal([("a", 9UL), ("b", 5UL)], matched.Select(member => (member.Name, member.Id)).Order());
    }

    [Theory]
    [InlineData("a=http://h:1", "member count is unequal")]
    [InlineData("a=http://h:1,b=http://h:3", "unmatched member while checking PeerURLs")]
    public void A_list_that_is_not_the_running_cluster_is_refused(string configured, string refusal)
    {
        ImmutableArray<Member> running = [new(5, "b", ["http://h:2"], ["http://c:2"]), new(9, "", ["http://h:1"], [])];

        Assert.Equal(refusal, BootstrapRules.Match(InitialCluster.Parse(configured).Members("token"), running).Refusal);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a=")]
    [InlineData("=http://h:1")]
    [InlineData("a=ftp://h:1")]
    public void What_is_no_list_says_so(string text) => Assert.Throws<FormatException>(() => InitialCluster.Parse(text));

    // The ids every etcd 2 with its default flags has.
    [Fact]
    public void Ids_follow_from_sorted_URLs_and_the_token()
    {
        var member = Assert.Single(InitialCluster.Parse("default=http://localhost:7001,default=http://localhost:2380").Members("etcd-cluster"));

        Assert.Equal("ce2a822cea30bfca", member.IdText);
        Assert.Equal(0x7e27652122e8b2aeUL, MemberIdentity.ClusterId([member.Id]));
        Assert.NotEqual(member.Id, InitialCluster.Parse("default=http://localhost:2380,default=http://localhost:7001").Members("other")[0].Id);
    }

    private static EtcdConfig Config { get; } = new() { Name = "a", InitialAdvertisePeerUrls = [new Uri("http://h:1")] };
}
