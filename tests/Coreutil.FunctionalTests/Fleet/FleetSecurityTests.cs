using System.Globalization;

namespace Coreutil.FunctionalTests.Fleet;

/// <summary>Who may ask fleetd, and how fleetd asks an etcd that does not answer everybody.</summary>
public sealed class FleetSecurityTests : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public async ValueTask DisposeAsync()
    {
        await FleetMachine.EndSupervisorAsync(_directory["m"]);
        _directory.Dispose();
    }

    [Fact]
    public async Task The_API_speaks_TLS_and_asks_for_a_certificate()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 0);
        await TestCertificates.MakeAsync(_directory);
        int port = Daemon.FreePort();
        await using var machine = new FleetMachine(
            _directory["m"], new string('b', 32), cluster.Etcd,
            string.Create(CultureInfo.InvariantCulture, $"--listen=unix://{_directory["m"]}/fleet.sock,https://127.0.0.1:{port}"),
            $"--tls-cert-file={_directory["server.pem"]}", $"--tls-key-file={_directory["server.key"]}", $"--tls-client-ca-file={_directory["ca.pem"]}");
        await machine.StartAsync();
        await machine.UntilRegisteredAsync();

        string endpoint = string.Create(CultureInfo.InvariantCulture, $"--endpoint=https://127.0.0.1:{port}");
        string[] certificate = [$"--cert-file={_directory["client.pem"]}", $"--key-file={_directory["client.key"]}"];
        var listed = await machine.FleetctlAsync([endpoint, $"--ca-file={_directory["ca.pem"]}", .. certificate, "list-machines", "--no-legend", "--fields=ip"]);
        Assert.True(listed.ExitCode == 0, listed.Error);
        Assert.Equal("127.0.0.1\n", listed.Output);
        Assert.Equal(1, (await machine.FleetctlAsync(endpoint, $"--ca-file={_directory["ca.pem"]}", "list-machines")).ExitCode);
        Assert.Equal(1, (await machine.FleetctlAsync([endpoint, .. certificate, "list-machines"])).ExitCode);
    }

    // systemd.socket(5), FileDescriptorName=: a passed socket that is to speak TLS says so by its name.
    [Fact]
    public async Task A_passed_socket_speaks_TLS_when_its_name_says_so()
    {
        SocketActivation.SkipUnlessPossible();
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 0);
        await TestCertificates.MakeAsync(_directory);
        int plain = Daemon.FreePort();
        int secret = Daemon.FreePort();
        await using var daemon = await Daemon.StartAsync(
            SocketActivation.Program,
            SocketActivation.Arguments(
                [plain, secret], Published.Link("fleetd"), $"--etcd-servers={cluster.Etcd}", $"--machine-id={new string('b', 32)}", "--public-ip=127.0.0.1",
                $"--state-dir={_directory["m"]}", "--unit-manager=embedded", "--agent-ttl=3s", $"--tls-cert-file={_directory["server.pem"]}",
                $"--tls-key-file={_directory["server.key"]}", $"--tls-client-ca-file={_directory["ca.pem"]}"),
            () => Daemon.SucceedsAsync(Url("http", plain) + "/fleet/v1/machines"),
            new Dictionary<string, string> { ["LISTEN_FDNAMES"] = "plain:tls" });

        string[] secure = [$"--endpoint={Url("https", secret)}", $"--ca-file={_directory["ca.pem"]}"];
        string[] list = ["list-machines", "--no-legend", "--fields=ip"];
        Assert.Equal((0, "127.0.0.1\n"), await FleetctlAsync([.. secure, $"--cert-file={_directory["client.pem"]}", $"--key-file={_directory["client.key"]}", .. list]));
        Assert.Equal((1, ""), await FleetctlAsync([.. secure, .. list]));
        Assert.Equal((1, ""), await FleetctlAsync([$"--endpoint={Url("http", secret)}", .. list]));
        Assert.Equal((0, "127.0.0.1\n"), await FleetctlAsync([$"--endpoint={Url("http", plain)}", .. list]));
    }

    [Fact]
    public async Task An_etcd_with_users_serves_a_fleet_that_knows_its_password_and_no_other()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 0);
        await EtcdctlAsync("user", "add", "root:secret");
        await EtcdctlAsync("role", "add", "fleet");
        await EtcdctlAsync("role", "grant", "fleet", "--path=/_coreos.com/fleet/*", "--readwrite");
        await EtcdctlAsync("user", "add", "fleet:pass:word");
        await EtcdctlAsync("user", "grant", "fleet", "--roles=fleet");
        await EtcdctlAsync("auth", "enable");
        await EtcdctlAsync("-u", "root:secret", "role", "revoke", "guest", "--path=/*", "--readwrite");
        await using var stranger = new FleetMachine(_directory["stranger"], new string('c', 32), cluster.Etcd, "--etcd-username=fleet", "--etcd-password=wrong");
        await stranger.StartAsync();
        await using var machine = new FleetMachine(_directory["m"], new string('b', 32), cluster.Etcd, "--etcd-username=fleet", "--etcd-password=pass:word");
        await machine.StartAsync();

        // Every key is below that path, but not the directory that is watched.
        await UntilToldAsync(machine, "its user needs a role with --path=/_coreos.com/fleet* and --readwrite");
        await EtcdctlAsync("-u", "root:secret", "role", "grant", "fleet", "--path=/_coreos.com/fleet*", "--readwrite");
        await machine.UntilRegisteredAsync();
        string unit = await cluster.WriteUnitAsync("a.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        var started = await machine.FleetctlAsync("start", unit);
        Assert.True(started.ExitCode == 0, started.Output + started.Error);

        // Past fleetd the client needs the password itself.
        string[] list = ["list-units", "--no-legend", "--fields=unit,active"];
        string etcd = cluster.Etcd.Replace("http://", "http://fleet:pass%3Aword@", StringComparison.Ordinal);
        Assert.Equal((0, "a.service\tactive\n"), await FleetctlAsync(["--driver=etcd", $"--endpoint={etcd}", .. list]));
        Assert.Equal((1, ""), await FleetctlAsync(["--driver=etcd", $"--endpoint={cluster.Etcd}", .. list]));

        // The one that was refused is told why, and is no machine of this fleet.
        await UntilToldAsync(stranger, "The request requires user authentication");
        Assert.Equal($"{machine.Id}\n", (await machine.FleetctlAsync("list-machines", "--no-legend", "--full", "--fields=machine")).Output);

        async Task EtcdctlAsync(params string[] words)
        {
            var done = await Published.RunAsync(Published.Link("etcdctl"), ["--endpoints", cluster.Etcd, .. words]);
            Assert.True(done.ExitCode == 0, string.Join(' ', words) + done.Output + done.Error);
        }

        static Task UntilToldAsync(FleetMachine machine, string text) => machine.Process.UntilAsync(
            () => Task.FromResult(machine.Log.Contains(text, StringComparison.Ordinal)), TimeSpan.FromSeconds(60), $"it is not told: {text}");
    }

    private static string Url(string scheme, int port) => string.Create(CultureInfo.InvariantCulture, $"{scheme}://127.0.0.1:{port}");

    private static async Task<(int ExitCode, string Output)> FleetctlAsync(string[] arguments)
    {
        var run = await Published.RunAsync(Published.Link("fleetctl"), arguments);
        return (run.ExitCode, run.Output);
    }
}
