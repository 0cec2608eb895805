using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Coreutil.Etcd.Client;

/// <summary>The handler below a client: connections are kept, redirects followed, certificates read once.</summary>
internal static class EtcdTls
{
    public static SocketsHttpHandler CreateHandler(EtcdClientOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(30),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            UseProxy = false,
            UseCookies = false,
        };
        if (options.CaFile is null && options.CertFile is null)
        {
            return handler;
        }

        var security = new SslClientAuthenticationOptions();
        if (options.CaFile is { } caFile)
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPemFile(caFile);
            security.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            security.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

        if (options is { CertFile: { } certFile, KeyFile: { } keyFile })
        {
            security.ClientCertificates = [X509Certificate2.CreateFromPemFile(certFile, keyFile)];
        }

        handler.SslOptions = security;
        return handler;
    }
}
