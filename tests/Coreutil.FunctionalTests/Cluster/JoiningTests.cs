using System.Net;

namespace Coreutil.FunctionalTests.Cluster;

/// <summary>Machines that find each other: by the built-in discovery service, by a real etcd as the store of it, by 0.4's -peers, as proxies.</summary>
public sealed class JoiningTests
{
    [Fact]
    public async Task Three_machines_with_a_token_become_a_cluster_and_the_fourth_a_proxy()
    {
        await using var cluster = await TestCluster.PrepareAsync(4);
        int port = Daemon.FreePort();
        string service = $"http://{cluster.Network.Gateway}:{port}";
        await using var discovery = await Daemon.StartAsync(
            Published.Binary, ["discovery", "--listen", service, "--data-dir", cluster.Directory("tokens")], () => Daemon.SucceedsAsync($"{service}/health"));
        string token = await Daemon.Http.GetStringAsync(new Uri($"{service}/new?size=3"));
        Assert.StartsWith($"{service}/", token, StringComparison.Ordinal);

        await JoinAllAsync(cluster, token);

        Assert.Contains("discovery cluster full, falling back to proxy", cluster.Members[3].Log, StringComparison.Ordinal);
        // A token is used once.
        var late = await cluster.AddMachineAsync("late");
        late.Arguments = ["--discovery", token, "--discovery-fallback", "exit"];
        late.Start();
        await late.UntilEndedAsync();
        Assert.Equal(1, late.ExitCode);
        Assert.Contains("failed to join discovery cluster (discovery: cluster is full)", late.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_real_etcd_is_the_store_of_a_discovery()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/etcd"), "Debian's etcd (package etcd-server) is not here");
        await using var cluster = await TestCluster.PrepareAsync(4);
        string url = $"http://{cluster.Network.Gateway}:{Daemon.FreePort()}";
        string peer = $"http://127.0.0.1:{Daemon.FreePort()}";
        await using var store = await Daemon.StartAsync(
            "/usr/bin/etcd",
            ["--enable-v2", "--data-dir", cluster.Directory("store"), "--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"default={peer}"],
            () => Daemon.SucceedsAsync($"{url}/health"));
        string token = $"{url}/v2/keys/_etcd/registry/some-token";
        using var size = new FormUrlEncodedContent([KeyValuePair.Create("value", "3")]);
        using var made = await Daemon.Http.PutAsync(new Uri($"{token}/_config/size"), size);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);

        await JoinAllAsync(cluster, token);
    }

    // The seeds' way: every member serves the tokens of the next cluster.
    [Fact]
    public async Task A_member_gives_out_tokens_too()
    {
        await using var first = await TestCluster.StartAsync(1);
        string service = $"{first.Members[0].ClientUrl}/discovery";
        string token = await Daemon.Http.GetStringAsync(new Uri($"{service}/new?size=1"));

        Assert.StartsWith($"{service}/", token, StringComparison.Ordinal);
        var second = await first.AddMachineAsync("second");
        second.Arguments = ["--discovery", token];
        second.Start();
        await first.UntilHealthyAsync();
        Assert.Contains($"second={second.PeerUrl}", await Daemon.Http.GetStringAsync(new Uri(token)), StringComparison.Ordinal);
    }

    // etcd.md §5: the records of a real name server; whose address is whose, and the names, come from there.
    [Fact]
    public async Task Machines_find_each_other_by_the_records_of_their_domain()
    {
        Assert.SkipUnless(File.Exists("/usr/sbin/dnsmasq"), "a name server (package dnsmasq-base) is not here");
        await using var cluster = await TestCluster.PrepareAsync(4);
        var voters = cluster.Members.Take(3).ToArray();
        string gateway = cluster.Network.Gateway;
        await using var server = await Daemon.StartAsync(
            "/usr/sbin/dnsmasq",
            [
                "--no-daemon", "--no-resolv", "--no-hosts", "--user=root", "--bind-interfaces", "--except-interface=lo", $"--listen-address={gateway}",
                .. voters.Select((member, machine) => $"--host-record={member.Name}.cluster.test,{cluster.Network.Address(machine)}"),
                .. voters.Select(member => $"--srv-host=_etcd-server._tcp.cluster.test,{member.Name}.cluster.test,2380"),
            ],
            () => Task.FromResult(true));
        cluster.Network.UseNameServer(gateway);

        foreach (var member in voters)
        {
            member.Arguments = ["--discovery-srv", "cluster.test", "--initial-advertise-peer-urls", $"http://{member.Name}.cluster.test:2380"];
            member.Start();
        }

        var proxy = cluster.Members[3];
        proxy.Arguments = ["--discovery-srv", "cluster.test", "--proxy", "on"];
        proxy.Start();
        await cluster.UntilHealthyAsync();
        await cluster.UntilPublishedAsync(3);

        Assert.Equal(HttpStatusCode.Created, (await ClusterTests.PutAsync(proxy, "through", "the proxy")).Status);
        var (code, list) = await TestCluster.CtlAsync(voters[0], "member", "list");
        Assert.Equal(0, code);
        Assert.All(voters, member => Assert.Contains($"name={member.Name} peerURLs=http://{member.Name}.cluster.test:2380", list, StringComparison.Ordinal));
    }

    // 0.4: the first machine has no peers, the others name one that runs.
    [Fact]
    public async Task Machines_join_by_the_peers_they_are_given()
    {
        await using var cluster = await TestCluster.PrepareAsync(3);
        cluster.Members[0].Start();
        await UntilHealthyAsync(cluster, 0);
        for (int machine = 1; machine < 3; machine++)
        {
            cluster.Members[machine].Arguments = ["-peers", $"{cluster.Network.Address(machine - 1)}:2380"];
            cluster.Members[machine].Start();
            await UntilHealthyAsync(cluster, machine);
        }

        Assert.Equal(HttpStatusCode.Created, (await ClusterTests.PutAsync(cluster.Members[2], "k", "1")).Status);
        await cluster.UntilPublishedAsync(3);
    }

    // 0.4's standby: beyond activeSize a machine waits as a proxy; a member that was lost for removeDelay makes place for it and waits itself.
    [Fact]
    public async Task A_standby_takes_the_place_of_a_lost_member_which_then_stands_by()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var leader = await cluster.LeaderAsync();
        using var settings = new StringContent("""{"activeSize":3,"removeDelay":2,"syncInterval":1}""");
        using var set = await Daemon.Http.PutAsync(new Uri($"{leader.PeerUrl}/v2/admin/config"), settings);
        Assert.Equal(HttpStatusCode.OK, set.StatusCode);
        var standby = await cluster.AddMachineAsync("standby");
        standby.Arguments = ["-peers", leader.PeerUrl["http://".Length..]];
        standby.Start();
        await UntilHealthyAsync(cluster, 3);
        Assert.Contains("standing by as a proxy", standby.Log, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await ClusterTests.PutAsync(standby, "through", "the standby")).Status);

        var lost = cluster.Members.Take(3).First(member => member != leader);
        await lost.EndAsync("KILL");
        await cluster.UntilAsync(
            async () => (await TestCluster.CtlAsync(leader, "member", "list")).Output is var list
                && list.Contains("name=standby", StringComparison.Ordinal) && !list.Contains($"name={lost.Name} ", StringComparison.Ordinal),
            TimeSpan.FromSeconds(40), "the standby does not take the place");

        lost.Start();
        await cluster.UntilHealthyAsync();
        await cluster.UntilAsync(() => Task.FromResult(lost.Log.Contains("stands by as a proxy", StringComparison.Ordinal)), TimeSpan.FromSeconds(20), "it does not stand by");
        await UntilHealthyAsync(cluster, cluster.Members.ToList().IndexOf(lost));
        Assert.Contains("the standby", (await ClusterTests.GetAsync(lost, "/v2/keys/through")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_passes_everything_on_and_says_when_it_cannot()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var member = cluster.Members[0];
        var proxy = await cluster.AddMachineAsync("proxy");
        proxy.Arguments = ["--proxy", "on", "--initial-cluster", $"m1={member.PeerUrl}", "--proxy-failure-wait", "500"];
        proxy.Start();
        await cluster.UntilHealthyAsync();

        Assert.Equal(HttpStatusCode.Created, (await ClusterTests.PutAsync(proxy, "k", "1")).Status);
        var watch = ClusterTests.GetAsync(proxy, "/v2/keys/k?wait=true");
        await Task.Delay(300);
        await ClusterTests.PutAsync(member, "k", "2");
        Assert.Contains("\"value\":\"2\"", (await watch).Body, StringComparison.Ordinal);
        Assert.Equal($$"""{"endpoints":["{{member.ClientUrl}}"]}""" + "\n", (await ClusterTests.GetAsync(proxy, "/v2/config/local/proxy")).Body);
        Assert.Equal($$"""{"PeerURLs":["{{member.PeerUrl}}"]}""", await File.ReadAllTextAsync(Path.Combine(proxy.DataDirectory, "proxy", "cluster")));

        await member.EndAsync("TERM");
        Assert.Equal(
            (HttpStatusCode.BadGateway, """{"message":"proxy: unable to get response from 1 endpoint(s)"}"""), await ClusterTests.GetAsync(proxy, "/v2/keys/k"));
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, """{"message":"proxy: zero endpoints currently available"}"""), await ClusterTests.GetAsync(proxy, "/v2/keys/k"));
        member.Start();
        await cluster.UntilHealthyAsync();

        // Its data directory says what it is, whatever the flags say later.
        await proxy.EndAsync("TERM");
        proxy.Arguments = [];
        proxy.Start();
        await cluster.UntilHealthyAsync();
        Assert.Contains("\"value\":\"2\"", (await ClusterTests.GetAsync(proxy, "/v2/keys/k")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_readonly_proxy_only_reads()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var proxy = await cluster.AddMachineAsync("proxy");
        proxy.Arguments = ["--proxy", "readonly", "--initial-cluster", $"m1={cluster.Members[0].PeerUrl}"];
        proxy.Start();
        await cluster.UntilHealthyAsync();

        Assert.Equal((HttpStatusCode.NotImplemented, ""), await ClusterTests.PutAsync(proxy, "k", "1"));
        Assert.Equal(HttpStatusCode.NotFound, (await ClusterTests.GetAsync(proxy, "/v2/keys/k")).Status);
    }

    private static async Task JoinAllAsync(TestCluster cluster, string token)
    {
        foreach (var member in cluster.Members.Take(3))
        {
            member.Arguments = ["--discovery", token];
            member.Start();
            await Task.Delay(100);
        }

        for (int machine = 0; machine < 3; machine++)
        {
            await UntilHealthyAsync(cluster, machine);
        }

        var fourth = cluster.Members[3];
        fourth.Arguments = ["--discovery", token];
        fourth.Start();
        await UntilHealthyAsync(cluster, 3);
        Assert.Equal(HttpStatusCode.Created, (await ClusterTests.PutAsync(fourth, "through", "the proxy")).Status);
        await cluster.UntilPublishedAsync(3);
    }

    private static Task UntilHealthyAsync(TestCluster cluster, int machine) => cluster.UntilAsync(
        () => Daemon.SucceedsAsync($"{cluster.Members[machine].ClientUrl}/health"), TimeSpan.FromSeconds(60), $"{cluster.Members[machine].Name} is not healthy");
}
