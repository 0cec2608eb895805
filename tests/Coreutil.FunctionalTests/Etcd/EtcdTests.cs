using System.Net;

namespace Coreutil.FunctionalTests.Etcd;

/// <summary>The daemon as an operator meets it: crashes, busy ports, directories it cannot use.</summary>
public sealed class EtcdTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Acknowledged_writes_survive_kill_9()
    {
        const int Rounds = 3;
        const int WritesARound = 50;
        for (int round = 0; round < Rounds; round++)
        {
            var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
            await using (daemon)
            {
                for (int write = 0; write < round * WritesARound; write++)
                {
                    string body = await Daemon.Http.GetStringAsync(new Uri($"{url}/v2/keys/k{write}"));
                    Assert.Contains($"\"value\":\"v{write}\"", body, StringComparison.Ordinal);
                }

                for (int write = round * WritesARound; write < (round + 1) * WritesARound; write++)
                {
                    using var reply = await PutAsync($"{url}/v2/keys/k{write}", $"v{write}");
                    Assert.Equal(HttpStatusCode.Created, reply.StatusCode);
                }

                Assert.Equal(137, await daemon.EndAsync("KILL"));
            }
        }
    }

    [Fact]
    public async Task A_second_member_on_a_busy_port_or_directory_says_so_in_one_line()
    {
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using (daemon)
        {
            string peer = $"http://127.0.0.1:{Daemon.FreePort()}";
            var busyPort = await RunEtcdAsync(_directory["other"], url, peer);
            Assert.Equal(1, busyPort.ExitCode);
            Assert.Contains(url["http://".Length..], busyPort.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", busyPort.Error, StringComparison.Ordinal);

            var busyDirectory = await RunEtcdAsync(_directory["m"], $"http://127.0.0.1:{Daemon.FreePort()}", peer);
            Assert.Equal(1, busyDirectory.ExitCode);
            Assert.Contains(_directory["m"], busyDirectory.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_data_directory_that_is_none_is_refused()
    {
        await File.WriteAllTextAsync(_directory["file"], "no directory");

        var outcome = await RunEtcdAsync(_directory["file"], $"http://127.0.0.1:{Daemon.FreePort()}", $"http://127.0.0.1:{Daemon.FreePort()}");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(_directory["file"], outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
        Assert.Equal("no directory", await File.ReadAllTextAsync(_directory["file"]));
    }

    [Fact]
    public async Task Etcdctl_works_against_Debians_etcd_too()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/etcd"), "Debian's etcd-server is not installed here, and apt-get could not bring it");
        string url = $"http://127.0.0.1:{Daemon.FreePort()}";
        string peer = $"http://127.0.0.1:{Daemon.FreePort()}";
        await using var real = await Daemon.StartAsync(
            "/usr/bin/etcd",
            [
                "--enable-v2=true", "--data-dir", _directory["real"], "--listen-client-urls", url, "--advertise-client-urls", url,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"default={peer}",
            ],
            () => Daemon.SucceedsAsync($"{url}/health"));
        var environment = new Dictionary<string, string> { ["ETCDCTL_ENDPOINTS"] = url };

        foreach (var (arguments, output) in ((string Arguments, string Output)[])
        [
            ("mkdir /d", ""), ("mk /d/a 1", "1\n"), ("set /d/b 2 --ttl 60", "2\n"), ("get /d/b", "2\n"), ("ls /d --sort", "/d/a\n/d/b\n"), ("rm /d --recursive", ""),
        ])
        {
            var outcome = await Published.RunAsync(Published.Link("etcdctl"), arguments.Split(' '), environment: environment);
            Assert.Equal((0, output, ""), (outcome.ExitCode, outcome.Output, outcome.Error));
        }
    }

    private static async Task<HttpResponseMessage> PutAsync(string url, string value)
    {
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("value", value)]);
        return await Daemon.Http.PutAsync(new Uri(url), form);
    }

    private static Task<Outcome> RunEtcdAsync(string dataDirectory, string url, string peer) => Published.RunAsync(
        Published.Link("etcd"),
        [
            "--name", "m", "--data-dir", dataDirectory, "--listen-client-urls", url, "--advertise-client-urls", url,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"m={peer}",
        ],
        TimeSpan.FromSeconds(30));
}
