using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Coreutil.FunctionalTests.Etcd;

/// <summary>The daemon and its host: service manager, certificates, a disk that fills up, limits.</summary>
public sealed class HostTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_service_manager_is_told_when_it_serves()
    {
        using var notices = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        notices.Bind(new UnixDomainSocketEndPoint(_directory["notify"]));
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"], environment: new Dictionary<string, string> { ["NOTIFY_SOCKET"] = _directory["notify"] });
        await using var owned = daemon;

        byte[] notice = new byte[256];
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        int length = await notices.ReceiveAsync(notice, late.Token);

        Assert.Contains("READY=1", Encoding.ASCII.GetString(notice, 0, length), StringComparison.Ordinal);
        Assert.True(await Daemon.SucceedsAsync($"{url}/health"));
    }

    [Fact]
    public async Task A_socket_of_the_service_manager_takes_the_place_of_the_listen_urls()
    {
        SocketActivation.SkipUnlessPossible();
        int given = Daemon.FreePort();
        string configured = $"http://127.0.0.1:{Daemon.FreePort()}";
        string peer = $"http://127.0.0.1:{Daemon.FreePort()}";
        await using var daemon = await Daemon.StartAsync(
            SocketActivation.Program,
            SocketActivation.Arguments(
                [given], Published.Link("etcd"), "--data-dir", _directory["m"],
                "--listen-client-urls", configured, "--advertise-client-urls", configured, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
            () => Daemon.SucceedsAsync($"http://127.0.0.1:{given}/health"));

        Assert.False(await Daemon.SucceedsAsync($"{configured}/health"));
    }

    [Fact]
    public async Task A_renewed_certificate_counts_without_a_restart_and_clients_must_show_theirs()
    {
        using var authority = new TestAuthority(_directory["ca.pem"]);
        authority.Issue("first", _directory["server.pem"], _directory["server.key"]);
        using var client = authority.Issue("client", _directory["client.pem"], _directory["client.key"]);
        int port = Daemon.FreePort();
        string url = $"https://127.0.0.1:{port}";
        string peer = $"http://127.0.0.1:{Daemon.FreePort()}";
        await using var daemon = await Daemon.StartAsync(
            Published.Link("etcd"),
            [
                "--data-dir", _directory["m"], "--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", peer,
                "--initial-advertise-peer-urls", peer, "--cert-file", _directory["server.pem"], "--key-file", _directory["server.key"],
                "--trusted-ca-file", _directory["ca.pem"], "--client-cert-auth",
            ],
            async () => await SubjectAsync(port, client) is not null);

        Assert.Equal("CN=first", await SubjectAsync(port, client));
        Assert.Null(await SubjectAsync(port, client: null));

        // In place, the key last: in between they do not fit together, and the old pair stays.
        authority.Issue("second", _directory["server.pem"], _directory["new.key"]);
        Assert.Equal("CN=first", await SubjectAsync(port, client));
        File.Move(_directory["new.key"], _directory["server.key"], overwrite: true);
        await daemon.UntilAsync(async () => await SubjectAsync(port, client) == "CN=second", TimeSpan.FromSeconds(20), "the old certificate is still shown");
    }

    // etcd panics. A file system of its own in memory, filled up by another file.
    [Fact]
    public async Task On_a_full_disk_writes_are_refused_reads_go_on_and_all_is_well_again_when_there_is_room()
    {
        await using var disk = await SmallDisk.MountAsync(_directory["disk"], "8m");
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["disk/m"], arguments: ["--snapshot-count", "1000000"]);
        await using var owned = daemon;
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(url, "before", "v")).Status);
        disk.FillUp();
        string value = new('v', 64 << 10);
        var full = await PutAsync(url, "k0", value);
        int taken = 0;
        for (; full.Status == HttpStatusCode.Created && taken < 200; full = await PutAsync(url, $"k{taken}", value))
        {
            taken++;
        }

        Assert.Equal(HttpStatusCode.InternalServerError, full.Status);
        Assert.Contains("no space left", full.Body, StringComparison.Ordinal);
        Assert.Contains("\"value\":\"v\"", await Daemon.Http.GetStringAsync(new Uri($"{url}/v2/keys/before")), StringComparison.Ordinal);

        disk.MakeRoom();
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(url, "after", "v")).Status);
        Assert.Equal(137, await daemon.EndAsync("KILL"));

        var (again, urlAgain) = await Daemon.StartEtcdAsync(_directory["disk/m"]);
        await using var ownedAgain = again;
        foreach (string key in (string[])["before", "after", .. Enumerable.Range(0, taken).Select(i => $"k{i}")])
        {
            Assert.True(await Daemon.SucceedsAsync($"{urlAgain}/v2/keys/{key}"), $"{key} was acknowledged and is not there");
        }
    }

    [Fact]
    public async Task Each_limit_is_refused_with_a_clear_error()
    {
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"], arguments: ["--max-request-bytes", "1000", "--max-key-bytes", "100"]);
        await using var owned = daemon;

        Assert.Equal(
            (HttpStatusCode.BadRequest, "{\"errorCode\":210,\"message\":\"Invalid POST form\",\"cause\":\"http: POST too large\",\"index\":0}\n"),
            await PutAsync(url, "k", new string('v', 2000)));
        Assert.Contains("a key has at most 100 bytes (--max-key-bytes)", (await PutAsync(url, new string('k', 200), "v")).Body, StringComparison.Ordinal);
        Assert.Contains("a key has at most 100 bytes", (await PutAsync(url, string.Concat(Enumerable.Repeat("%C3%A9", 60)), "v")).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(url, "k", "v")).Status);
    }

    private static async Task<(HttpStatusCode Status, string Body)> PutAsync(string url, string key, string value)
    {
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("value", value)]);
        using var reply = await Daemon.Http.PutAsync(new Uri($"{url}/v2/keys/{key}"), form);
        return (reply.StatusCode, await reply.Content.ReadAsStringAsync());
    }

    /// <summary>The name in the certificate that the server shows; null when it does not answer a request.</summary>
    private static async Task<string?> SubjectAsync(int port, X509Certificate2? client)
    {
        string? subject = null;
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, shown, _, _) => (subject = shown?.Subject) is not null,
                ClientCertificates = client is null ? null : [client],
            },
        };
        using var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(10) };
        try
        {
            using var reply = await http.GetAsync(new Uri($"https://127.0.0.1:{port}/version"));
            return reply.IsSuccessStatusCode ? subject : null;
        }
        catch (Exception refused) when (refused is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }
}

/// <summary>A certificate authority for one test.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _authority;

    public TestAuthority(string path)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(path, _authority.ExportCertificatePem());
    }

    public X509Certificate2 Issue(string name, string certificatePath, string keyPath)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        using var issued = request.Create(_authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificatePath, issued.ExportCertificatePem());
        using var withKey = issued.CopyWithPrivateKey(key);
        // As the platform's TLS wants it: with a key that is stored.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }

    public void Dispose() => _authority.Dispose();
}
