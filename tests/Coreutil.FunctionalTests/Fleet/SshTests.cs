using System.Globalization;

namespace Coreutil.FunctionalTests.Fleet;

/// <summary>fleetctl over OpenSSH, against an sshd of the test's own on loopback.</summary>
public sealed class SshTests : IDisposable
{
    private const string Sshd = "/usr/sbin/sshd";
    private readonly TemporaryDirectory _directory = new();
    private readonly int _port = Daemon.FreePort();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_command_a_script_and_a_tunnel_reach_the_machine()
    {
        Assert.SkipUnless(File.Exists(Sshd) && File.Exists("/usr/bin/ssh"), "openssh-server and openssh-client are not installed here");
        Assert.SkipUnless(Environment.UserName == "root", "sshd of a test needs root");
        await using var sshd = await StartSshdAsync();
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 1);
        string unit = await cluster.WriteUnitAsync("paas.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        Assert.Equal(0, (await cluster[0].FleetctlAsync("start", unit)).ExitCode);

        // No answer: refused, and nothing remembered. Then yes, as the original reads it, without an end of line.
        var refused = await SshAsync(cluster, "", "no", "ssh", Port, "1aaa", "true");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("Host key verification failed.", refused.Error, StringComparison.Ordinal);
        var asked = await SshAsync(cluster, "", "yes", "ssh", Port, "1aaa", "echo", "a", "-p");
        Assert.True(asked.ExitCode == 0, asked.Error);
        Assert.Equal("a -p\n", asked.Output);
        Assert.Contains("Permanently added", asked.Error, StringComparison.Ordinal);

        // Known now: nothing is asked, and stdin is the command's or the shell's.
        Assert.Equal("hello\n", (await SshAsync(cluster, "", "hello\n", "ssh", Port, "paas", "cat")).Output);
        Assert.Equal("7\n", (await SshAsync(cluster, "", "echo $((3 + 4))\n", "ssh", Port, "paas")).Output);
        Assert.Equal(5, (await SshAsync(cluster, "", "", "ssh", Port, "--machine=1aaa", "--", "exit", "5")).ExitCode);
        Assert.Equal("Unable to proceed: could not find matching unit or machine\n", (await SshAsync(cluster, "", "", "ssh", Port, "nobody", "true")).Error);

        // The API through the tunnel: a socket there by fleetctl fd-forward, and TCP.
        string tunnel = string.Create(CultureInfo.InvariantCulture, $"--tunnel=127.0.0.1:{_port}");
        var socket = await SshAsync(cluster, "", "", tunnel, "list-units", "--no-legend", "--fields=unit,active");
        Assert.True(socket.ExitCode == 0, socket.Error);
        Assert.Equal("paas.service\tactive\n", socket.Output);
        string api = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{cluster[0].Port}");
        Assert.Equal("paas.service\n", (await SshAsync(cluster, api, "", tunnel, "list-units", "--no-legend", "--fields=unit")).Output);
        Assert.Equal("paas.service\n", (await SshAsync(cluster, cluster.Etcd, "", tunnel, "--driver=etcd", "list-units", "--no-legend", "--fields=unit")).Output);
        Assert.Equal("through\n", (await SshAsync(cluster, api, "", tunnel, "ssh", Port, "paas", "echo", "through")).Output);

        // Another key under the same name.
        await File.WriteAllTextAsync(_directory["known"], (await File.ReadAllTextAsync(_directory["other"])).Trim());
        var changed = await SshAsync(cluster, "", "yes", "ssh", Port, "1aaa", "true");
        Assert.NotEqual(0, changed.ExitCode);
        Assert.Contains("REMOTE HOST IDENTIFICATION HAS CHANGED", changed.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await SshAsync(cluster, "", "", "--strict-host-key-checking=false", "ssh", Port, "1aaa", "true")).ExitCode);
    }

    [Fact]
    public async Task Without_ssh_one_line_says_so()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 1);

        var outcome = await Published.RunAsync(
            Published.Link("fleetctl"),
            ["ssh", "1aaa", "true"],
            environment: new Dictionary<string, string> { ["FLEETCTL_ENDPOINT"] = $"unix://{cluster[0].Socket}", ["PATH"] = "/nonexistent" });
        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith("Unable to SSH to remote host: cannot start ssh: install OpenSSH's client", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(1, outcome.Error.Count(c => c == '\n'));
    }

    private string Port => string.Create(CultureInfo.InvariantCulture, $"--ssh-port={_port}");

    private async Task<Daemon> StartSshdAsync()
    {
        foreach (string key in (string[])["host", "other-host", "client"])
        {
            var made = await Published.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", _directory[key]]);
            Assert.True(made.ExitCode == 0, made.Error);
        }

        string other = string.Join(' ', (await File.ReadAllTextAsync(_directory["other-host.pub"])).Split(' ')[..2]);
        await File.WriteAllTextAsync(_directory["other"], string.Create(CultureInfo.InvariantCulture, $"[127.0.0.1]:{_port} {other}\n"));
        Directory.CreateDirectory("/run/sshd");
        await File.WriteAllTextAsync(
            _directory["sshd_config"],
            string.Create(CultureInfo.InvariantCulture, $"""
                Port {_port}
                ListenAddress 127.0.0.1
                HostKey {_directory["host"]}
                AuthorizedKeysFile {_directory["client.pub"]}
                PidFile none
                StrictModes no
                UsePAM no
                SetEnv PATH={Published.Links}:/usr/bin:/bin

                """));
        return await Daemon.StartAsync(Sshd, ["-D", "-e", "-f", _directory["sshd_config"]], async () =>
        {
            using var client = new System.Net.Sockets.TcpClient();
            try
            {
                await client.ConnectAsync("127.0.0.1", _port);
                return true;
            }
            catch (System.Net.Sockets.SocketException)
            {
                return false;
            }
        });
    }

    /// <summary>Runs fleetctl with a key agent of its own and that text as its stdin; the endpoint is the machine's socket where none is given.</summary>
    private async Task<Outcome> SshAsync(FleetCluster cluster, string endpoint, string input, params string[] arguments)
    {
        string fleetctl = string.Join(' ', arguments.Prepend(Published.Link("fleetctl")).Select(word => $"'{word}'"));
        await File.WriteAllTextAsync(_directory["input"], input);
        string script = $"eval $(ssh-agent) >/dev/null; trap 'kill $SSH_AGENT_PID' EXIT; ssh-add -q {_directory["client"]}; cat {_directory["input"]} | {fleetctl}";
        return await Published.RunAsync("/bin/bash", ["-o", "pipefail", "-c", script], environment: new Dictionary<string, string>
        {
            ["FLEETCTL_ENDPOINT"] = endpoint.Length > 0 ? endpoint : $"unix://{cluster[0].Socket}",
            ["FLEETCTL_SSH_USERNAME"] = "root",
            ["FLEETCTL_KNOWN_HOSTS_FILE"] = _directory["known"],
        });
    }
}
