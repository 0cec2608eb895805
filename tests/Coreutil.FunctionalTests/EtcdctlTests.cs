using System.Globalization;

namespace Coreutil.FunctionalTests;

/// <summary>etcdctl as scripts and units call it.</summary>
public sealed class EtcdctlTests : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_documented_lines_work_word_for_word()
    {
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using (daemon)
        {
            foreach (var (line, output) in ((string Line, string Output)[])
            [
                ("etcdctl mkdir /dirname", ""),
                ("etcdctl mk /dirname/key value", "value\n"),
                ("etcdctl update /dirname/key newvalue", "newvalue\n"),
                ("etcdctl get /dirname/key", "newvalue\n"),
                ("etcdctl mkdir /shortlived --ttl 10", ""),
                ("etcdctl updatedir /shortlived --ttl 50", ""),
                ("etcdctl set /dirname/key value", "value\n"),
                ("etcdctl setdir /other", ""),
                ("etcdctl ls / --recursive | sort", "/dirname\n/dirname/key\n/other\n/shortlived\n"),
                ("etcdctl rm /dirname --recursive", ""),
                ("etcdctl rmdir /other", ""),
                ("etcdctl set /services/app1 '{\"host\": \"h\", \"port\": 1}' --ttl 60", "{\"host\": \"h\", \"port\": 1}\n"),
                ("etcdctl rm /services/app1", "PrevNode.Value: {\"host\": \"h\", \"port\": 1}\n"),
                ("etcdctl ls /_etcd/machines --recursive", "/_etcd/machines/m\n"),
                ("printf 'two\\nlines' | etcdctl set /stdin", "two\nlines\n"),
                ("etcdctl -C $ETCDCTL_ENDPOINTS get /stdin", "two\nlines\n"),
            ])
            {
                Assert.Equal((0, output, ""), await ShellAsync(url, line));
            }

            var (watcher, seen) = Start(url, "etcdctl exec-watch --recursive /watched -- echo 'hi'");
            using (watcher)
            {
                await UntilAsync(url, "/watched/key", () => seen.Text == "hi\n");
                Assert.Equal(0, await EndAsync(watcher, "TERM"));
            }

            (watcher, seen) = Start(url, "etcdctl watch --recursive /watched");
            using (watcher)
            {
                await UntilAsync(url, "/watched/other", () => seen.Text == "[set] /watched/other\nv\n");
                await watcher.WaitForExitAsync();
                Assert.Equal(0, watcher.ExitCode);
            }
        }
    }

    [Fact]
    public async Task Exec_watch_loses_nothing_to_fast_writers_a_cleared_history_and_a_restart()
    {
        // More than the window of 1000 events that the daemon keeps.
        const int Writes = 1200;
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        var (watcher, seen) = Start(url, "etcdctl exec-watch --recursive /w -- sh -c 'echo \"$ETCD_WATCH_ACTION $ETCD_WATCH_KEY=$ETCD_WATCH_VALUE\"' 2>&1");
        using (watcher)
        {
            await UntilAsync(url, "/w/ready", () => seen.Text.Contains("set /w/ready=v\n", StringComparison.Ordinal));
            await Parallel.ForAsync(0, 300, async (number, cancel) => await PutAsync($"{url}/v2/keys/w/fast{number}"));
            await seen.WaitAsync(text => Enumerable.Range(0, 300).All(number => text.Contains($"/w/fast{number}=v\n", StringComparison.Ordinal)));

            await SignalAsync(watcher.Id, "STOP");
            await Parallel.ForAsync(0, Writes, async (number, cancel) => await PutAsync($"{url}/v2/keys/w/slow{number}"));
            await SignalAsync(watcher.Id, "CONT");
            await seen.WaitAsync(text => Enumerable.Range(0, Writes).All(number => text.Contains($"/w/slow{number}=v\n", StringComparison.Ordinal)));

            string peer = await PeerUrlAsync(url);
            await daemon.EndAsync("KILL");
            await daemon.DisposeAsync();
            daemon = await RestartAsync(_directory["m"], url, peer);
            await PutAsync($"{url}/v2/keys/w/after");
            await seen.WaitAsync(text => text.Contains("set /w/after=v\n", StringComparison.Ordinal));
            Assert.Equal(0, await EndAsync(watcher, "INT"));
        }

        await daemon.DisposeAsync();
        Assert.Equal(1, seen.Text.Split('\n').Count(line => line == "set /w/after=v"));
        Assert.Contains("exec-watch: the server no longer keeps the events since the last one seen", seen.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exec_watch_ends_on_SIGTERM_with_its_child()
    {
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using (daemon)
        {
            var (watcher, seen) = Start(url, "etcdctl exec-watch /w -- sh -c 'echo $$; exec sleep 1000'");
            using (watcher)
            {
                await UntilAsync(url, "/w", () => seen.Text.EndsWith('\n'));
                int child = int.Parse(seen.Text.Split('\n')[0], CultureInfo.InvariantCulture);
                Assert.True(Directory.Exists($"/proc/{child}"));

                Assert.Equal(0, await EndAsync(watcher, "TERM"));

                Assert.False(Directory.Exists($"/proc/{child}"));
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tree_is_dumped_and_loaded_again_with_its_TTLs(bool isDebians)
    {
        var (daemon, url) = isDebians ? await StartDebianAsync() : await Daemon.StartEtcdAsync(_directory["from"]);
        await using (daemon)
        {
            var (other, copy) = await Daemon.StartEtcdAsync(_directory["to"]);
            await using (other)
            {
                await ShellAsync(url, "etcdctl set /a 'x \"é\"'; etcdctl mkdir /empty; etcdctl mkdir /t --ttl 90; etcdctl set /t/k v --ttl 80; etcdctl set /_h/k hidden");

                Assert.Equal((0, "", ""), await ShellAsync(url, $"etcdctl dump / /_h > {_directory["tree"]}"));
                Assert.Equal((0, "", ""), await ShellAsync(copy, $"etcdctl load < {_directory["tree"]} && etcdctl load {_directory["tree"]}"));

                var (_, dumped, _) = await ShellAsync(copy, "etcdctl dump / /_h");
                string[] lines = [.. dumped.Split('\n').Select(line => line.Split(",\"ttl\":")[0])];
                Assert.Equal(
                    ["{\"key\":\"/a\",\"value\":\"x \\\"é\\\"\"}", "{\"key\":\"/empty\",\"dir\":true}", "{\"key\":\"/t\",\"dir\":true", "{\"key\":\"/t/k\",\"value\":\"v\"", "{\"key\":\"/_h/k\",\"value\":\"hidden\"}", ""],
                    lines);
                var (_, extended, _) = await ShellAsync(copy, "etcdctl -o extended get /t/k");
                Assert.Matches("TTL: (79|80|[67][0-9])\n", extended);
            }
        }
    }

    [Fact]
    public async Task A_backup_of_a_running_member_becomes_a_new_cluster()
    {
        string backup = _directory["backup"];
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using (daemon)
        {
            await ShellAsync(url, "for i in 1 2 3; do etcdctl set /k$i v$i; done");
            Assert.Equal((0, "", ""), await ShellAsync(url, $"etcdctl backup --data-dir {_directory["m"]} --backup-dir {backup}"));
            var again = await ShellAsync(url, $"etcdctl backup --data-dir {_directory["m"]} --backup-dir {backup}");
            Assert.Equal(1, again.ExitCode);
            Assert.Contains("is not empty", again.Error, StringComparison.Ordinal);
            string peer = await PeerUrlAsync(url);
            await daemon.EndAsync("TERM");
            await using var restored = await RestartAsync(backup, url, peer, "--force-new-cluster");
            Assert.Equal((0, "v3\n", ""), await ShellAsync(url, "etcdctl get /k3"));
        }
    }

    [Theory]
    [InlineData("etcdctl --strict frobnicate", 1, "", "etcdctl: unknown command 'frobnicate'\n")]
    [InlineData("etcdctl --strict get --frob /k", 1, "", "etcdctl: flag provided but not defined: -frob\n")]
    [InlineData("etcdctl --strict -o json ls /none | head -c 0; etcdctl -o json member list | head -c 12", 0, "{\"members\":[", null)]
    [InlineData("etcdctl cluster-health | tail -1; etcdctl -o json cluster-health | head -c 16", 0, "cluster is healthy\n{\"healthy\":true,", "")]
    [InlineData("etcdctl --strict -o json mkdir /d", 0, null, "")]
    [InlineData("etcdctl load /none", 1, "", null)]
    [InlineData("echo nonsense | etcdctl load 2>&1 | cut -c1-28", 0, "etcdctl: line 1 is no JSON: \n", "")]
    [InlineData("etcdctl completion bash | bash -n && etcdctl completion fish | grep -c exec-watch | sed 's/.*/some/'", 0, "some\n", "")]
    [InlineData("etcdctl --ca-file /none cluster-health", 4, "", "Error:  open /none: no such file or directory\n")]
    [InlineData("etcdctl --total-timeout 0 ls /", 4, "", "Error:  context deadline exceeded\n")]
    [InlineData("ETCDCTL_ENDPOINTS=http://127.0.0.1:1 etcdctl cluster-health", 4, "cluster may be unhealthy: failed to list members\n", null)]
    public async Task What_goes_beyond_the_original_says_what_it_does(string line, int exitCode, string? output, string? error)
    {
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using (daemon)
        {
            var outcome = await ShellAsync(url, line);

            Assert.Equal(exitCode, outcome.ExitCode);
            Assert.Equal(output ?? outcome.Output, outcome.Output);
            Assert.Equal(error ?? outcome.Error, outcome.Error);
            Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
        }
    }

    private static Dictionary<string, string> Environment(string url) => new()
    {
        ["ETCDCTL_ENDPOINTS"] = url,
        ["PATH"] = $"{Published.Links}:{System.Environment.GetEnvironmentVariable("PATH")}",
    };

    private static async Task<(int ExitCode, string Output, string Error)> ShellAsync(string url, string line)
    {
        var outcome = await Published.RunAsync("/bin/bash", ["-c", line], environment: Environment(url));
        return (outcome.ExitCode, outcome.Output, outcome.Error);
    }

    private static (System.Diagnostics.Process Process, Collected Output) Start(string url, string line)
    {
        var process = Published.Start("/bin/bash", ["-c", "exec " + line], Environment(url));
        return (process, new Collected(process.StandardOutput));
    }

    /// <summary>Writes the key again and again until the watcher, whose first poll cannot be seen from outside, has it.</summary>
    private static async Task UntilAsync(string url, string key, Func<bool> isSeen)
    {
        using var late = new CancellationTokenSource(_patience);
        while (!isSeen())
        {
            await PutAsync($"{url}/v2/keys{key}");
            for (int wait = 0; wait < 20 && !isSeen(); wait++)
            {
                await Task.Delay(100, late.Token);
            }
        }
    }

    private static async Task PutAsync(string url)
    {
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("value", "v")]);
        using var reply = await Daemon.Http.PutAsync(new Uri(url), form);
        Assert.True(reply.IsSuccessStatusCode, url);
    }

    private static Task<Outcome> SignalAsync(int process, string signal) =>
        Published.RunAsync("/bin/kill", ["-s", signal, process.ToString(CultureInfo.InvariantCulture)]);

    private static async Task<int> EndAsync(System.Diagnostics.Process process, string signal)
    {
        await SignalAsync(process.Id, signal);
        using var late = new CancellationTokenSource(_patience);
        await process.WaitForExitAsync(late.Token);
        return process.ExitCode;
    }

    private async Task<(Daemon Daemon, string Url)> StartDebianAsync()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/etcd"), "Debian's etcd-server is not installed here, and apt-get could not bring it");
        string url = $"http://127.0.0.1:{Daemon.FreePort()}";
        string peer = $"http://127.0.0.1:{Daemon.FreePort()}";
        var daemon = await Daemon.StartAsync(
            "/usr/bin/etcd",
            [
                "--enable-v2=true", "--data-dir", _directory["debian"], "--listen-client-urls", url, "--advertise-client-urls", url,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"default={peer}",
            ],
            () => Daemon.SucceedsAsync($"{url}/health"));
        return (daemon, url);
    }

    private static async Task<string> PeerUrlAsync(string url)
    {
        string members = await Daemon.Http.GetStringAsync(new Uri($"{url}/v2/members"));
        return members.Split("\"peerURLs\":[\"")[1].Split('"')[0];
    }

    private static Task<Daemon> RestartAsync(string directory, string url, string peer, params string[] further) => Daemon.StartAsync(
        Published.Link("etcd"),
        [
            "--name", "m", "--data-dir", directory, "--listen-client-urls", url, "--advertise-client-urls", url,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"m={peer}", .. further,
        ],
        () => Daemon.SucceedsAsync($"{url}/health"));

    /// <summary>What a process has written so far.</summary>
    private sealed class Collected
    {
        private readonly Lock _gate = new();
        private string _text = "";

        public Collected(StreamReader reader) => _ = ReadAsync(reader);

        public string Text
        {
            get
            {
                lock (_gate)
                {
                    return _text;
                }
            }
        }

        public async Task WaitAsync(Func<string, bool> condition)
        {
            using var late = new CancellationTokenSource(_patience);
            while (!condition(Text))
            {
                Assert.False(late.IsCancellationRequested, $"not seen in {_patience}: {Text.Length} characters, the last of them {Text[^Math.Min(200, Text.Length)..]}");
                await Task.Delay(100, CancellationToken.None);
            }
        }

        private async Task ReadAsync(StreamReader reader)
        {
            char[] buffer = new char[4096];
            int read;
            while ((read = await reader.ReadAsync(buffer)) > 0)
            {
                lock (_gate)
                {
                    _text += new string(buffer, 0, read);
                }
            }
        }
    }
}
