using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Coreutil.FunctionalTests.Cluster;

/// <summary>Certificates between members, and a disk that is full.</summary>
public sealed class HardshipTests
{
    [Fact]
    public async Task Members_speak_TLS_and_let_nobody_in_without_a_certificate()
    {
        await using var cluster = await TestCluster.PrepareAsync(3);
        var (authority, certificate, key) = WriteCertificates(cluster);
        string list = string.Join(',', cluster.Members.Select(member => $"{member.Name}={Secure(member.PeerUrl)}"));
        foreach (var member in cluster.Members)
        {
            // The last of a flag counts.
            member.Arguments =
            [
                "--listen-peer-urls", Secure(member.PeerUrl), "--initial-advertise-peer-urls", Secure(member.PeerUrl), "--initial-cluster", list,
                "--peer-cert-file", certificate, "--peer-key-file", key, "--peer-trusted-ca-file", authority, "--peer-client-cert-auth",
            ];
            member.Start();
        }

        await cluster.UntilHealthyAsync();
        await cluster.UntilPublishedAsync(3);

        foreach (var member in cluster.Members)
        {
            Assert.Equal(HttpStatusCode.Created, (await ClusterTests.PutAsync(member, member.Name, "1")).Status);
        }

        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true };
        using var stranger = new HttpClient(handler);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => stranger.GetStringAsync(new Uri(Secure(cluster.Members[0].PeerUrl) + "/members")));
    }

    // A follower's disk fills up: the others go on, it reads on, and it catches up when there is room. Then the leader's.
    [Fact]
    public async Task A_full_disk_stops_its_own_member_only_and_not_for_good()
    {
        await using var cluster = await TestCluster.PrepareAsync(3);
        string list = string.Join(',', cluster.Members.Select(member => $"{member.Name}={member.PeerUrl}"));
        var disks = new Dictionary<ClusterMember, SmallDisk>();
        try
        {
            foreach (var member in cluster.Members)
            {
                disks[member] = await SmallDisk.MountAsync(member.DataDirectory, "24m");
                member.Arguments = ["--heartbeat-interval", "50", "--election-timeout", "500", "--initial-cluster", list];
                member.Start();
            }

            await cluster.UntilHealthyAsync();
            foreach (bool isLeader in (bool[])[false, true])
            {
                var leader = await cluster.LeaderAsync();
                var full = isLeader ? leader : cluster.Members.First(member => member != leader);
                var other = cluster.Members.First(member => member != full);
                disks[full].FillUp();

                // Enough to use up what was made ready ahead.
                int written = 0;
                string value = new('x', 100_000);
                await cluster.UntilAsync(async () =>
                {
                    try
                    {
                        written += (await ClusterTests.PutAsync(other, $"k{written % 3}", value)).Status is HttpStatusCode.OK or HttpStatusCode.Created ? 1 : 0;
                    }
                    catch (TaskCanceledException)
                    {
                        // Until the others have taken over.
                    }

                    return written > 60;
                }, TimeSpan.FromSeconds(60), $"the others do not go on beside {full.Name}");
                Assert.Contains("no space left on the disk", full.Log, StringComparison.Ordinal);
                Assert.Equal(HttpStatusCode.OK, (await ClusterTests.GetAsync(full, "/v2/keys/k0")).Status);

                disks[full].MakeRoom();
                await cluster.UntilHealthyAsync();
                Assert.Equal(HttpStatusCode.Created, (await ClusterTests.PutAsync(full, $"through-{full.Name}-{isLeader}", "1")).Status);
            }
        }
        finally
        {
            foreach (var member in cluster.Members)
            {
                await member.DisposeAsync();
            }

            foreach (var disk in disks.Values)
            {
                await disk.DisposeAsync();
            }
        }
    }

    private static string Secure(string url) => url.Replace("http:", "https:", StringComparison.Ordinal);

    private static (string Authority, string Certificate, string Key) WriteCertificates(TestCluster cluster)
    {
        using var authorityKey = RSA.Create(2048);
        var authorityRequest = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var from = DateTimeOffset.Now.AddDays(-1);
        using var authority = authorityRequest.CreateSelfSigned(from, from.AddDays(10));
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=member", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        for (int machine = 0; machine < cluster.Members.Count; machine++)
        {
            names.AddIpAddress(IPAddress.Parse(cluster.Network.Address(machine)));
        }

        request.CertificateExtensions.Add(names.Build());
        // For servers and for clients: a member is both.
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        using var certificate = request.Create(authority, from, from.AddDays(9), [1, 2, 3, 4]);
        string[] paths = [cluster.Directory("ca.pem"), cluster.Directory("member.pem"), cluster.Directory("member-key.pem")];
        File.WriteAllText(paths[0], authority.ExportCertificatePem());
        File.WriteAllText(paths[1], certificate.ExportCertificatePem());
        File.WriteAllText(paths[2], key.ExportPkcs8PrivateKeyPem());
        return (paths[0], paths[1], paths[2]);
    }
}
