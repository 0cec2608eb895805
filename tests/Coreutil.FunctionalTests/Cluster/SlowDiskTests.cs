using System.Net;
using static Coreutil.FunctionalTests.Cluster.ClusterTests;

namespace Coreutil.FunctionalTests.Cluster;

/// <summary>A disk that is slow costs its member time, and the cluster neither its leader nor what was acknowledged.</summary>
public sealed class SlowDiskTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Disks_slower_than_an_election_cost_no_election(bool isLeadersSlow)
    {
        SlowDisk.SkipUnlessPossible();
        await using var cluster = await TestCluster.StartAsync(3);
        var leader = await cluster.LeaderAsync();
        int told = leader.Log.Length;
        var slow = cluster.Members.Where(member => isLeadersSlow || member != leader).ToArray();
        var disks = new List<SlowDisk>();
        try
        {
            foreach (var member in slow)
            {
                disks.Add(await SlowDisk.OfAsync(member, TimeSpan.FromMilliseconds(1200)));
            }

            for (int write = 0; write < 5; write++)
            {
                Assert.Equal(HttpStatusCode.Created, (await PutAsync(cluster.Members[write % 3], $"k{write}", "1")).Status);
            }
        }
        finally
        {
            foreach (var disk in disks)
            {
                await disk.DisposeAsync();
            }
        }

        Assert.Equal(leader, await cluster.LeaderAsync());
        Assert.DoesNotContain("knows leader", leader.Log[told..], StringComparison.Ordinal);
        Assert.All(slow, member => Assert.Contains("the disk is too slow for it", member.Log, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nobody_waits_for_the_disk_of_a_follower_and_it_catches_up()
    {
        SlowDisk.SkipUnlessPossible();
        await using var cluster = await TestCluster.StartAsync(3);
        var leader = await cluster.LeaderAsync();
        var slow = cluster.Members.First(member => member != leader);
        await using (await SlowDisk.OfAsync(slow, TimeSpan.FromSeconds(60)))
        {
            for (int write = 0; write < 10; write++)
            {
                Assert.Equal(HttpStatusCode.Created, (await PutAsync(leader, $"k{write}", "1")).Status);
            }

            Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(slow, "/v2/keys/k9")).Status);
        }

        await cluster.UntilAsync(async () => (await GetAsync(slow, "/v2/keys/k9")).Status == HttpStatusCode.OK, TimeSpan.FromSeconds(30), "it does not catch up");
    }

    [Fact]
    public async Task A_leader_whose_disk_hangs_is_replaced_and_follows_when_the_disk_is_back()
    {
        SlowDisk.SkipUnlessPossible();
        await using var cluster = await TestCluster.StartAsync(3);
        var stuck = await cluster.LeaderAsync();
        var other = cluster.Members.First(member => member != stuck);
        int told = other.Log.Length;
        await using (await SlowDisk.OfAsync(stuck, TimeSpan.FromSeconds(120)))
        {
            var lost = PutAsync(stuck, "hangs", "1");
            await cluster.UntilAsync(
                () => Task.FromResult(other.Log[told..].Contains("knows leader", StringComparison.Ordinal)), TimeSpan.FromSeconds(60), "nobody takes over");
            await cluster.UntilAsync(
                async () => (await PutAsync(other, "goes-on", "1")).Status is HttpStatusCode.OK or HttpStatusCode.Created, TimeSpan.FromSeconds(60), "the others do not go on");
            var (status, body) = await lost;
            Assert.Equal(HttpStatusCode.InternalServerError, status);
            Assert.Contains("etcdserver: request timed out", body, StringComparison.Ordinal);
        }

        await cluster.UntilHealthyAsync();
        Assert.NotEqual(stuck, await cluster.LeaderAsync());
        await cluster.UntilAsync(async () => (await GetAsync(stuck, "/v2/keys/goes-on")).Status == HttpStatusCode.OK, TimeSpan.FromSeconds(30), "it does not follow");
    }
}
