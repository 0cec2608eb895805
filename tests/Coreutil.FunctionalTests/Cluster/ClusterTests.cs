using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Coreutil.FunctionalTests.Cluster;

/// <summary>A cluster as its operators and clients meet it: members come and go, some are cut off, some are strangers.</summary>
public sealed class ClusterTests
{
    [Fact]
    public async Task Whoever_is_asked_answers_and_knows_the_leader()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var leader = await cluster.LeaderAsync();

        foreach (var member in cluster.Members)
        {
            Assert.Equal(HttpStatusCode.Created, (await PutAsync(member, $"by-{member.Name}", "1")).Status);
            Assert.Contains($"by-{member.Name}", (await GetAsync(member, "/v2/keys/?quorum=true")).Body, StringComparison.Ordinal);
            Assert.Contains(leader.PeerUrl, (await GetAsync(member, "/v2/leader")).Body, StringComparison.Ordinal);
            Assert.Equal(member == leader ? HttpStatusCode.OK : HttpStatusCode.Forbidden, (await GetAsync(member, "/v2/stats/leader")).Status);
            Assert.Contains(member == leader ? "StateLeader" : "StateFollower", (await GetAsync(member, "/v2/stats/self")).Body, StringComparison.Ordinal);
            Assert.Contains("/_etcd/machines/m3", (await GetAsync(member, "/v2/keys/_etcd/machines")).Body, StringComparison.Ordinal);
        }

        Assert.Contains("\"success\"", (await GetAsync(leader, "/v2/stats/leader")).Body, StringComparison.Ordinal);
        var (healthCode, health) = await TestCluster.CtlAsync(leader, "cluster-health");
        Assert.Equal((0, 3), (healthCode, health.Split("is healthy: got healthy result").Length - 1));
    }

    // A key expires by one clock, and everywhere with the same index.
    [Fact]
    public async Task A_key_with_a_TTL_set_through_a_follower_expires_everywhere()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var follower = cluster.Members.First(member => member != cluster.LeaderAsync().Result);
        await PutAsync(follower, "brief", "1", ("ttl", "1"));

        await cluster.UntilAsync(async () =>
        {
            foreach (var member in cluster.Members)
            {
                if ((await GetAsync(member, "/v2/keys/brief")).Status != HttpStatusCode.NotFound)
                {
                    return false;
                }
            }

            return true;
        }, TimeSpan.FromSeconds(10), "the key does not expire");
    }

    // etcd.md §1.10, and what is better here: a watch on a member that hears of nothing ends.
    [Fact]
    public async Task A_minority_reads_and_says_that_it_cannot_more()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var left = cluster.Members[0];
        await PutAsync(left, "k", "before");
        var watch = GetAsync(left, "/v2/keys/k?wait=true");
        await cluster.Members[1].EndAsync("KILL");
        await cluster.Members[2].EndAsync("KILL");
        await cluster.UntilAsync(async () => (await GetAsync(left, "/v2/members/leader")).Status == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(10), "it believes in a leader");

        Assert.Contains("\"value\":\"before\"", (await GetAsync(left, "/v2/keys/k")).Body, StringComparison.Ordinal);
        Assert.Equal("""{"message":"During election"}""", (await GetAsync(left, "/v2/members/leader")).Body);
        var health = await GetAsync(left, "/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.Status);
        Assert.StartsWith("""{"health": "false", "reason": "there is no leader""", health.Body, StringComparison.Ordinal);
        Assert.Contains("\"errorCode\":301", (await GetAsync(left, "/v2/leader")).Body, StringComparison.Ordinal);
        var write = PutAsync(left, "k", "after");
        var read = GetAsync(left, "/v2/keys/k?quorum=true");
        const string TimedOut = """{"errorCode":300,"message":"Raft Internal Error","cause":"etcdserver: request timed out","index":0}""";
        Assert.Equal((HttpStatusCode.InternalServerError, TimedOut + "\n"), await write);
        Assert.Equal((HttpStatusCode.InternalServerError, TimedOut + "\n"), await read);
        Assert.Equal((HttpStatusCode.OK, ""), await watch);

        cluster.Members[1].Start();
        cluster.Members[2].Start();
        await cluster.UntilHealthyAsync();
        Assert.Contains("\"value\":\"before\"", (await GetAsync(cluster.Members[2], "/v2/keys/k?quorum=true")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_member_is_replaced_under_load_and_nothing_is_lost()
    {
        await using var cluster = await TestCluster.StartAsync(3, "--snapshot-count", "100");
        using var clients = new RegisterClients([.. cluster.Members.Select(member => member.ClientUrl)], "replace-", 1);
        using var until = new CancellationTokenSource();
        var working = clients.RunAsync(until.Token);
        await Task.Delay(1500);

        var leader = await cluster.LeaderAsync();
        int machine = cluster.Members.ToList().FindIndex(member => member != leader);
        var lost = cluster.Members[machine];
        await lost.EndAsync("KILL");
        string lostId = await IdOfAsync(leader, lost.Name);
        Assert.Equal($"Removed member {lostId} from cluster\n", (await TestCluster.CtlAsync(leader, "member", "remove", lostId)).Output);
        var (addCode, added) = await TestCluster.CtlAsync(leader, "member", "add", "m9", lost.PeerUrl);
        Assert.True(addCode == 0, added);
        var replacement = cluster.Replace(machine, "m9");
        replacement.Arguments =
        [
            "--heartbeat-interval", "50", "--election-timeout", "500", "--initial-cluster-state", "existing",
            "--initial-cluster", string.Join(',', cluster.Members.Select(member => $"{member.Name}={member.PeerUrl}")),
        ];
        replacement.Start();
        await cluster.UntilHealthyAsync();
        await until.CancelAsync();
        await working;
        await clients.ReadAllAsync();

        Assert.True(clients.FindViolation() is null, clients.FindViolation());
        Assert.Contains("installed a snapshot of the leader", replacement.Log, StringComparison.Ordinal);
        // The removed one is banned for ever: with its old data it comes up, is told, and ends.
        Assert.Equal(HttpStatusCode.Gone, (await DeleteAsync(leader, $"/v2/members/{lostId}")).Status);
        lost.Arguments = replacement.Arguments;
        await replacement.EndAsync("TERM");
        lost.Start();
        await lost.UntilEndedAsync();
        Assert.Contains("the member has been permanently removed from the cluster", lost.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_leader_that_is_removed_hands_over_and_ends()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var leader = await cluster.LeaderAsync();
        var other = cluster.Members.First(member => member != leader);

        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(other, $"/v2/members/{await IdOfAsync(other, leader.Name)}")).Status);

        await leader.UntilEndedAsync();
        Assert.Contains("the member has been permanently removed from the cluster", leader.Log, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(other, "after", "1")).Status);
        Assert.DoesNotContain(leader.Name, (await TestCluster.CtlAsync(other, "member", "list")).Output, StringComparison.Ordinal);
    }

    // Three steps that people took and that cost their cluster: each is refused now.
    [Fact]
    public async Task Changes_that_would_cost_the_quorum_are_refused()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var one = cluster.Members[0];
        int told = one.Log.Length;
        await cluster.Members[2].EndAsync("KILL");
        await cluster.UntilAsync(() => Task.FromResult(one.Log[told..].Contains("is inactive", StringComparison.Ordinal)), TimeSpan.FromSeconds(20), "it does not notice");
        await cluster.LeaderAsync();

        Assert.Equal(
            (HttpStatusCode.InternalServerError, """{"message":"Internal Server Error"}"""),
            await DeleteAsync(one, $"/v2/members/{await IdOfAsync(one, "m2")}"));
        Assert.Equal((HttpStatusCode.InternalServerError, """{"message":"Internal Server Error"}"""), await AddAsync(one, "http://10.255.0.1:2380"));
        Assert.Equal((HttpStatusCode.Conflict, """{"message":"etcdserver: peerURL exists"}"""), await AddAsync(one, cluster.Members[2].PeerUrl));
        Assert.Equal((HttpStatusCode.NotFound, """{"message":"No such member: 12345"}"""), await DeleteAsync(one, "/v2/members/12345"));
    }

    [Fact]
    public async Task A_lost_disk_is_no_new_member()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var member = cluster.Members[1];
        await member.EndAsync("KILL");
        Directory.Delete(member.DataDirectory, recursive: true);

        member.Start();
        await member.UntilEndedAsync();
        Assert.Equal(1, member.ExitCode);
        Assert.Contains("has already been bootstrapped", member.Log, StringComparison.Ordinal);

        member.Arguments = [.. member.Arguments, "--initial-cluster-state", "existing"];
        member.Start();
        await member.UntilEndedAsync();
        Assert.Equal(1, member.ExitCode);
        Assert.Contains("has already been bootstrapped", member.Log, StringComparison.Ordinal);
        Assert.False(Directory.Exists(member.DataDirectory));
    }

    [Fact]
    public async Task Strangers_are_refused_with_a_line_on_both_sides()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var ours = cluster.Members[0];
        var stranger = await cluster.AddMachineAsync("stranger");
        // It believes to be of a cluster with ours, of another token, and so with other ids.
        stranger.Arguments = ["--initial-cluster-token", "other", "--initial-cluster", $"stranger={stranger.PeerUrl},m1={ours.PeerUrl}"];
        stranger.Start();

        await cluster.UntilAsync(
            () => Task.FromResult(ours.Log.Contains("cluster ID mismatch", StringComparison.Ordinal) && stranger.Log.Contains("cluster ID mismatch", StringComparison.Ordinal)),
            TimeSpan.FromSeconds(20), "no line");
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{ours.PeerUrl}/raft/stream/message/8211f1d0f64f3269"));
        request.Headers.Add("X-Etcd-Cluster-Id", "ef37ad9dc622a7c4");
        request.Headers.Add("X-Server-Version", "2.3.8");
        using var reply = await Daemon.Http.SendAsync(request);

        // What etcd 2 and 3 understand as an answer to their own peers.
        Assert.Equal((HttpStatusCode.PreconditionFailed, "incompatible version\n"), (reply.StatusCode, await reply.Content.ReadAsStringAsync()));
        await cluster.UntilAsync(
            () => Task.FromResult(ours.Log.Contains("it is an original etcd (version 2.3.8, cluster ef37ad9dc622a7c4)", StringComparison.Ordinal)), TimeSpan.FromSeconds(5), "no line");
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(ours, "k", "1")).Status);
    }

    // The backup of a running member becomes a cluster of its own, which nobody of the old one can join.
    [Fact]
    public async Task A_backup_is_restored_as_a_new_cluster()
    {
        await using var cluster = await TestCluster.StartAsync(3, "--snapshot-count", "50");
        var source = cluster.Members[0];
        for (int key = 0; key < 120; key++)
        {
            await PutAsync(source, $"k{key}", key.ToString(CultureInfo.InvariantCulture));
        }

        string copy = cluster.Directory("restored");
        Assert.Equal((0, ""), await TestCluster.CtlAsync(source, "backup", "--data-dir", source.DataDirectory, "--backup-dir", copy));
        var restored = await cluster.AddMachineAsync("restored");
        restored.Start();
        await restored.UntilEndedAsync();
        Assert.Equal(1, restored.ExitCode);
        Assert.Contains("--force-new-cluster", restored.Log, StringComparison.Ordinal);

        restored.Arguments = ["--force-new-cluster"];
        restored.Start();
        await cluster.UntilHealthyAsync();

        Assert.Contains("\"value\":\"119\"", (await GetAsync(restored, "/v2/keys/k119?quorum=true")).Body, StringComparison.Ordinal);
        using var members = JsonDocument.Parse((await GetAsync(restored, "/v2/members")).Body);
        var only = Assert.Single(members.RootElement.GetProperty("members").EnumerateArray());
        Assert.Equal(restored.PeerUrl, Assert.Single(only.GetProperty("peerURLs").EnumerateArray()).GetString());
        Assert.DoesNotContain(await ClusterIdAsync(restored), cluster.Members.Take(3).Select(member => ClusterIdAsync(member).Result));
        // The flag may stay in the unit file: the next start changes nothing.
        string id = only.GetProperty("id").GetString()!;
        await restored.EndAsync("TERM");
        restored.Start();
        await cluster.UntilHealthyAsync();
        Assert.Equal(id, await IdOfAsync(restored, "restored"));
    }

    internal static async Task<(HttpStatusCode Status, string Body)> PutAsync(ClusterMember member, string key, string value, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Append(("value", value)).Select(field => KeyValuePair.Create(field.Item1, field.Item2)));
        using var reply = await Daemon.Http.PutAsync(new Uri($"{member.ClientUrl}/v2/keys/{key}"), form);
        return (reply.StatusCode, await reply.Content.ReadAsStringAsync());
    }

    internal static async Task<(HttpStatusCode Status, string Body)> GetAsync(ClusterMember member, string path)
    {
        using var reply = await Daemon.Http.GetAsync(new Uri(member.ClientUrl + path));
        return (reply.StatusCode, await reply.Content.ReadAsStringAsync());
    }

    private static async Task<(HttpStatusCode Status, string Body)> DeleteAsync(ClusterMember member, string path)
    {
        using var reply = await Daemon.Http.DeleteAsync(new Uri(member.ClientUrl + path));
        return (reply.StatusCode, await reply.Content.ReadAsStringAsync());
    }

    private static async Task<(HttpStatusCode Status, string Body)> AddAsync(ClusterMember member, string peerUrl)
    {
        using var body = new StringContent($$"""{"peerURLs":["{{peerUrl}}"]}""");
        body.Headers.ContentType = new("application/json");
        using var reply = await Daemon.Http.PostAsync(new Uri($"{member.ClientUrl}/v2/members"), body);
        return (reply.StatusCode, await reply.Content.ReadAsStringAsync());
    }

    private static async Task<string> IdOfAsync(ClusterMember through, string name)
    {
        using var members = JsonDocument.Parse((await GetAsync(through, "/v2/members")).Body);
        return members.RootElement.GetProperty("members").EnumerateArray()
            .First(member => member.GetProperty("name").GetString() == name).GetProperty("id").GetString()!;
    }

    private static async Task<string> ClusterIdAsync(ClusterMember member)
    {
        using var reply = await Daemon.Http.GetAsync(new Uri($"{member.ClientUrl}/v2/keys"));
        return reply.Headers.GetValues("X-Etcd-Cluster-Id").First();
    }
}
