using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Coreutil.FunctionalTests;

/// <summary>confd against real servers: our etcd, Debian's etcd, redis and nginx.</summary>
public sealed class ConfdTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public ConfdTests()
    {
        Directory.CreateDirectory(_directory["confd/conf.d"]);
        Directory.CreateDirectory(_directory["confd/templates"]);
    }

    public void Dispose() => _directory.Dispose();

    // confd-observed.md 8: after 300 quick sets the original stayed stale, and had reloaded 69 times.
    [Theory]
    [InlineData("", 10)]
    [InlineData("wait = \"300ms:5s\"", 2)]
    public async Task Three_hundred_sets_converge_with_few_reloads(string wait, int mostReloads)
    {
        var (etcd, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using var store = etcd;
        await SetAsync(url, "/n/0", "v");
        Write("t", "{{len (gets \"/n/*\")}}", $"keys = [\"/n\"]\nreload_cmd = \"echo r >> {_directory["reloads"]}\"\n{wait}");
        await using var confd = await WatchAsync("t", "1", "-node", url);

        await Task.WhenAll(Enumerable.Range(1, 300).Select(i => SetAsync(url, $"/n/{i}", "v")));

        await UntilAsync(confd, "t", "301");
        await confd.UntilAsync(() => Task.FromResult(Read("reloads").Length > "r\n".Length), TimeSpan.FromSeconds(30), "there was no second reload");
        Assert.InRange(Read("reloads").Count(c => c == 'r'), 2, mostReloads);
    }

    // Issue 6, part 6: no orphan on exit; part 7: READY=1, the status file and the metrics.
    [Fact]
    public async Task A_running_confd_says_how_it_fares_and_leaves_nothing_behind()
    {
        string port = Daemon.FreePort().ToString(CultureInfo.InvariantCulture);
        using var notices = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        notices.Bind(new UnixDomainSocketEndPoint(_directory["notify"]));
        Write("t", "x", $"reload_cmd = \"sleep 1000 & echo $! > {_directory["child"]}\"\ntimeout = \"1h\"");
        Write("s", "s", "");
        await using var confd = await WatchAsync(
            "s", "s", environment: new() { ["NOTIFY_SOCKET"] = _directory["notify"] },
            arguments: ["-backend", "env", "-status-file", _directory["status"], "-metrics-address", $"127.0.0.1:{port}"]);
        await confd.UntilAsync(() => Task.FromResult(Read("child").Length > 0), TimeSpan.FromSeconds(30), "the reload did not run");

        string metrics = await Daemon.Http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"), Cancel);
        Assert.Contains($"confd_resource_updates_total{{dest=\"{_directory["s"]}\"}} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("\"backend\": \"env\"", Read("status"), StringComparison.Ordinal);

        // The hanging reload belongs to a resource that was not tried to its end: not ready yet.
        Assert.Equal(0, notices.Available);
        Assert.Equal(0, await confd.EndAsync("TERM"));
        string state = $"/proc/{Read("child").Trim()}/stat";
        Assert.True(!File.Exists(state) || File.ReadAllText(state).Contains(") Z ", StringComparison.Ordinal), "the reload's child lives on");
    }

    [Fact]
    public async Task Ready_is_said_once_all_were_tried_and_HUP_reads_all_anew()
    {
        using var notices = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 30_000 };
        notices.Bind(new UnixDomainSocketEndPoint(_directory["notify"]));
        Write("t", "{{getenv \"X\"}}", "");
        await using var confd = await WatchAsync("t", "1", environment: new() { ["NOTIFY_SOCKET"] = _directory["notify"], ["X"] = "1" }, arguments: ["-backend", "env"]);
        byte[] notice = new byte[64];
        Assert.Equal("READY=1", Encoding.UTF8.GetString(notice, 0, notices.Receive(notice)));

        File.WriteAllText(_directory["t"], "edited by hand");
        await Published.RunAsync("/bin/kill", ["-s", "HUP", confd.ProcessId.ToString(CultureInfo.InvariantCulture)]);

        await UntilAsync(confd, "t", "1");
    }

    // Issue 6, part 5: any of several nodes.
    [Fact]
    public async Task A_dead_node_is_passed_over()
    {
        var (etcd, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using var store = etcd;
        await SetAsync(url, "/k", "v");
        Write("t", "{{getv \"/k\"}}", "keys = [\"/k\"]");

        var outcome = await ConfdAsync("-onetime", "-node", $"http://127.0.0.1:{Daemon.FreePort()}", "-node", url);

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal("v", Read("t"));
    }

    [Fact]
    public async Task Keys_that_come_later_are_waited_for_and_optional_ones_are_not()
    {
        var (etcd, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using var store = etcd;
        Write("t", "{{getv \"/k\"}}", "keys = [\"/k\"]");
        Write("o", "{{getv \"/none\" \"d\"}}", "keys = [\"/none\"]\noptional = true");
        var running = ConfdAsync("-onetime", "-node", url, "-wait-for-keys", "30s");
        await etcd.UntilAsync(() => Task.FromResult(Read("o") == "d"), TimeSpan.FromSeconds(30), "the optional resource was not rendered");

        await SetAsync(url, "/k", "v");

        Assert.Equal(0, (await running).ExitCode);
        Assert.Equal("v", Read("t"));
    }

    [Fact]
    public async Task A_diff_tells_by_its_exit_code_and_validate_tells_all()
    {
        Write("t", "new\n", "ownr = \"x\"");
        File.WriteAllText(_directory["t"], "old\n");

        var diff = await ConfdAsync("-onetime", "-backend", "env", "-diff");
        var validation = await ConfdAsync("-validate");

        Assert.Equal((3, $"--- {_directory["t"]}\n+++ {_directory["t"]}\n@@ -1 +1 @@\n-old\n+new\n"), (diff.ExitCode, diff.Output));
        Assert.Equal(1, validation.ExitCode);
        Assert.Contains("unknown key ownr", validation.Error, StringComparison.Ordinal);
    }

    // Issue 6, part 5: TLS and basic auth, against Debian's etcd with its v2 API.
    [Fact]
    public async Task Etcd_is_asked_over_TLS_with_a_client_certificate()
    {
        Certificates certificates = Certificates.Create(_directory);
        var (etcd, url) = await StartDebiansEtcdAsync(
            "https", "--cert-file", certificates.Certificate, "--key-file", certificates.Key, "--trusted-ca-file", certificates.Authority, "--client-cert-auth");
        await using var store = etcd;
        Write("t", "{{getv \"/k\" \"none\"}}", "keys = [\"/k\"]\noptional = true");
        string[] tls = ["-client-cert", certificates.Certificate, "-client-key", certificates.Key, "-client-ca-keys", certificates.Authority];
        await etcd.UntilAsync(
            async () => (await ConfdAsync(["-onetime", "-node", url, .. tls])).ExitCode == 0, TimeSpan.FromSeconds(60), "etcd does not answer over TLS");

        Assert.Equal("none", Read("t"));
        Assert.Equal(1, (await ConfdAsync("-onetime", "-node", url, "-client-ca-keys", certificates.Authority)).ExitCode);
        Assert.Equal(0, (await ConfdAsync(["-onetime", "-backend", "etcdv3", "-node", url, .. tls])).ExitCode);
    }

    [Fact]
    public async Task Etcd_is_asked_by_a_user_where_guests_may_not_read()
    {
        var (etcd, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using var store = etcd;
        await SetAsync(url, "/k", "v");
        await PutJsonAsync($"{url}/v2/auth/users/root", """{"user":"root","password":"pw"}""");
        await PutJsonAsync($"{url}/v2/auth/enable", "");
        await PutJsonAsync($"{url}/v2/auth/roles/guest", """{"role":"guest","revoke":{"kv":{"read":["/*"],"write":["/*"]}}}""", "root:pw");
        Write("t", "{{getv \"/k\"}}", "keys = [\"/k\"]");

        var refused = await ConfdAsync("-onetime", "-node", url);
        var granted = await ConfdAsync("-onetime", "-node", url, "-basic-auth", "-username", "root", "-password", "pw");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("110: The request requires user authentication", refused.Error, StringComparison.Ordinal);
        Assert.True(granted.ExitCode == 0, granted.Error);
        Assert.Equal("v", Read("t"));
    }

    [Fact]
    public async Task Etcd_v3_is_asked_by_a_user()
    {
        var (etcd, url) = await StartDebiansEtcdAsync("http");
        await using var store = etcd;
        await etcd.UntilAsync(() => Daemon.SucceedsAsync($"{url}/health"), TimeSpan.FromSeconds(30), "etcd does not answer");
        await PutV3Async(url, "/k", "v"u8.ToArray());
        foreach (var (path, json) in ((string, string)[])[
            ("user/add", """{"name":"root","password":"pw"}"""), ("role/add", """{"name":"root"}"""), ("user/grant", """{"user":"root","role":"root"}"""), ("enable", "{}")])
        {
            using var reply = await Daemon.Http.PostAsync(new Uri($"{url}/v3/auth/{path}"), new StringContent(json), Cancel);
            Assert.True(reply.IsSuccessStatusCode, $"{path}: {await reply.Content.ReadAsStringAsync(Cancel)}");
        }

        Write("t", "{{getv \"/k\"}}", "keys = [\"/k\"]");
        var refused = await ConfdAsync("-onetime", "-backend", "etcdv3", "-node", url);
        await using var confd = await WatchAsync("t", "v", "-backend", "etcdv3", "-node", url, "-basic-auth", "-username", "root", "-password", "pw");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("etcdv3: etcdserver: user name is empty", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Etcd_v3_is_rendered_byte_for_byte_and_watched()
    {
        var (etcd, url) = await StartDebiansEtcdAsync("http");
        await using var store = etcd;
        await etcd.UntilAsync(() => Daemon.SucceedsAsync($"{url}/health"), TimeSpan.FromSeconds(30), "etcd does not answer");
        await PutV3Async(url, "/app/a", [0xff, 0x00, 0x41]);
        await PutV3Async(url, "/apple", "not mine"u8.ToArray());
        Write("t", "{{range gets \"/*\"}}{{.Key}}={{.Value}};{{end}}", "keys = [\"/app\"]\nprefix = \"/\"");
        Write("k", "{{range gets \"/*/*\"}}{{.Key}};{{end}}", "keys = [\"/app\"]");
        await using var confd = await WatchAsync("k", "/app/a;", "-backend", "etcdv3", "-node", url);

        await PutV3Async(url, "/app/b", "2"u8.ToArray());
        await UntilAsync(confd, "k", "/app/a;/app/b;");

        Write("b", "{{getv \"/app/a\"}}", "keys = [\"/app/a\"]");
        await confd.UntilAsync(() => Task.FromResult(File.Exists(_directory["b"])), TimeSpan.FromSeconds(30), "the new resource was not picked up");
        Assert.Equal([0xff, 0x00, 0x41], await File.ReadAllBytesAsync(_directory["b"], Cancel));
    }

    [Theory]
    [InlineData("/", "/app/s", "/app/h")]
    [InlineData(":", "app:s", "app:h")]
    public async Task Redis_is_rendered_and_watched(string separator, string text, string hash)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/redis-server"), "redis-server is not installed here");
        int port = Daemon.FreePort();
        string[] client = ["-p", port.ToString(CultureInfo.InvariantCulture)];
        await using var redis = await Daemon.StartAsync(
            "/usr/bin/redis-server", ["--port", client[1], "--dir", _directory.Path, "--save", "", "--notify-keyspace-events", "KEA"],
            async () => (await Published.RunAsync("redis-cli", [.. client, "ping"])).Output == "PONG\n");
        await Published.RunAsync("redis-cli", [.. client, "set", text, "1"]);
        await Published.RunAsync("redis-cli", [.. client, "hset", hash, "f", "2"]);
        Write("t", "{{getv \"/app/s\"}}{{getv \"/app/h/f\" \"-\"}}{{getv \"/app/x\" \"-\"}}", "keys = [\"/app\", \"/app/h\"]");
        await using var confd = await WatchAsync("t", "12-", "-backend", "redis", "-node", $"127.0.0.1:{port}", "-separator", separator);

        await Published.RunAsync("redis-cli", [.. client, "set", $"{text[..^1]}x", "3"]);

        await UntilAsync(confd, "t", "123");
    }

    // Issue 6, part 3: the seeds' nginx example with real nginx; a bad file never gets there.
    [Fact]
    public async Task Nginx_serves_what_is_rendered_and_never_sees_a_bad_file()
    {
        const string Nginx = "/usr/sbin/nginx";
        Assert.SkipUnless(File.Exists(Nginx), "nginx is not installed here");
        var (etcd, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using var store = etcd;
        int port = Daemon.FreePort();
        await SetAsync(url, "/nginx/text", "one");
        string head = $"daemon off; pid {_directory["pid"]}; error_log stderr; events {{}} http {{ access_log off; client_body_temp_path {_directory["b"]}; proxy_temp_path {_directory["p"]};"
            + $" fastcgi_temp_path {_directory["f"]}; uwsgi_temp_path {_directory["u"]}; scgi_temp_path {_directory["s"]};";
        Write(
            "nginx.conf", $"{head} server {{ listen 127.0.0.1:{port}; location / {{ return 200 {{{{getv \"/nginx/text\"}}}}; }} }} }}",
            $"keys = [\"/nginx\"]\nmode = \"0640\"\ncheck_cmd = \"{Nginx} -t -q -c {{{{.src}}}}\"\nreload_cmd = \"test ! -s {_directory["pid"]} || {Nginx} -s reload -c {_directory["nginx.conf"]}\"");
        await using var confd = await Daemon.StartAsync(
            Published.Link("confd"), ["-watch", "-confdir", _directory["confd"], "-node", url], () => Task.FromResult(File.Exists(_directory["nginx.conf"])));
        await using var nginx = await Daemon.StartAsync(Nginx, ["-c", _directory["nginx.conf"]], () => Daemon.SucceedsAsync($"http://127.0.0.1:{port}/"));

        await SetAsync(url, "/nginx/text", "bad; {");
        await confd.UntilAsync(() => Task.FromResult(confd.Log.Contains("Config check failed", StringComparison.Ordinal)), TimeSpan.FromSeconds(30), "the bad file was not refused");
        Assert.Equal("one", await Daemon.Http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/"), Cancel));

        await SetAsync(url, "/nginx/text", "two");
        await nginx.UntilAsync(
            async () => await Daemon.Http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/"), Cancel) == "two", TimeSpan.FromSeconds(30), "nginx was not reloaded");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(_directory["nginx.conf"]));
    }

    // confd-observed.md 43: the original wrote in place but left the mode, and so found a difference at every pass.
    [Fact]
    public async Task A_bind_mounted_file_is_written_in_place_and_is_in_sync_afterwards()
    {
        File.WriteAllText(_directory["source"], "old");
        File.WriteAllText(_directory["t"], "");
        var mounted = await Published.RunAsync("mount", ["--bind", _directory["source"], _directory["t"]]);
        Assert.SkipUnless(mounted.ExitCode == 0, $"nothing can be mounted here: {mounted.Error}");
        try
        {
            Write("t", "new", $"mode = \"0600\"\nreload_cmd = \"echo r >> {_directory["reloads"]}\"");
            Assert.Equal(0, (await ConfdAsync("-onetime", "-backend", "env")).ExitCode);
            Assert.Equal(0, (await ConfdAsync("-onetime", "-backend", "env")).ExitCode);
        }
        finally
        {
            await Published.RunAsync("umount", [_directory["t"]]);
        }

        Assert.Equal("new", Read("source"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory["source"]));
        Assert.Equal("r\n", Read("reloads"));
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static async Task SetAsync(string url, string key, string value)
    {
        using var form = new FormUrlEncodedContent([new("value", value)]);
        using var reply = await Daemon.Http.PutAsync(new Uri($"{url}/v2/keys{key}"), form, Cancel);
        Assert.True(reply.IsSuccessStatusCode, $"PUT {key}: {reply.StatusCode}");
    }

    private static async Task PutV3Async(string url, string key, byte[] value)
    {
        string json = $"{{\"key\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(key))}\",\"value\":\"{Convert.ToBase64String(value)}\"}}";
        using var reply = await Daemon.Http.PostAsync(new Uri($"{url}/v3/kv/put"), new StringContent(json), Cancel);
        Assert.True(reply.IsSuccessStatusCode, $"put {key}: {reply.StatusCode}");
    }

    private static async Task PutJsonAsync(string url, string json, string? credentials = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(url)) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (credentials is not null)
        {
            request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        }

        using var reply = await Daemon.Http.SendAsync(request, Cancel);
        Assert.True(reply.IsSuccessStatusCode, $"PUT {url}: {await reply.Content.ReadAsStringAsync(Cancel)}");
    }

    private async Task<(Daemon Daemon, string Url)> StartDebiansEtcdAsync(string scheme, params string[] arguments)
    {
        const string Program = "/usr/bin/etcd";
        Assert.SkipUnless(File.Exists(Program), "Debian's etcd-server is not installed here");
        string url = $"{scheme}://127.0.0.1:{Daemon.FreePort()}";
        string peer = $"http://127.0.0.1:{Daemon.FreePort()}";
        int probe = url.LastIndexOf(':') + 1;
        var daemon = await Daemon.StartAsync(
            Program,
            [
                "--name", "d", "--data-dir", _directory["debian"], "--enable-v2", "--listen-client-urls", url, "--advertise-client-urls", url,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"d={peer}", .. arguments,
            ],
            () => IsOpenAsync(int.Parse(url[probe..], CultureInfo.InvariantCulture)));
        return (daemon, url);
    }

    private static async Task<bool> IsOpenAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, Cancel);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private Task<Outcome> ConfdAsync(params string[] arguments) =>
        Published.RunAsync(Published.Link("confd"), ["-confdir", _directory["confd"], .. arguments]);

    private Task<Daemon> WatchAsync(string name, string text, params string[] arguments) => WatchAsync(name, text, [], arguments);

    /// <summary>A watching confd that has rendered the destination for the first time.</summary>
    private Task<Daemon> WatchAsync(string name, string text, Dictionary<string, string> environment, string[] arguments) => Daemon.StartAsync(
        Published.Link("confd"), ["-watch", "-confdir", _directory["confd"], .. arguments], () => Task.FromResult(Read(name) == text), environment);

    private Task UntilAsync(Daemon confd, string name, string text) => confd.UntilAsync(
        () => Task.FromResult(Read(name) == text), TimeSpan.FromSeconds(30), $"{name} does not come to hold {text}");

    private void Write(string name, string template, string lines)
    {
        File.WriteAllText(_directory[$"confd/templates/{name}.tmpl"], template);
        File.WriteAllText(_directory[$"confd/conf.d/{name}.toml"], $"[template]\nsrc = \"{name}.tmpl\"\ndest = \"{_directory[name]}\"\n{lines}\n");
    }

    private string Read(string name) => File.Exists(_directory[name]) ? File.ReadAllText(_directory[name]) : "";

    private sealed record Certificates(string Authority, string Certificate, string Key)
    {
        /// <summary>An authority that signs itself, and one certificate for the server and the client.</summary>
        public static Certificates Create(TemporaryDirectory directory)
        {
            var start = DateTimeOffset.UtcNow.AddDays(-1);
            using var authorityKey = RSA.Create(2048);
            var authorityRequest = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            using var authority = authorityRequest.CreateSelfSigned(start, start.AddDays(30));
            using var key = RSA.Create(2048);
            var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
            using var certificate = request.Create(authority, start, start.AddDays(20), [1, 2, 3, 4]);
            File.WriteAllText(directory["ca.pem"], authority.ExportCertificatePem());
            File.WriteAllText(directory["cert.pem"], certificate.ExportCertificatePem());
            File.WriteAllText(directory["key.pem"], key.ExportPkcs8PrivateKeyPem());
            return new(directory["ca.pem"], directory["cert.pem"], directory["key.pem"]);
        }
    }
}
