using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Coreutil.Etcd.Client;

/// <summary>The handler below a client: connections are kept, redirects followed, certificates read once.</summary>
public static class EtcdTls
{
    public static SocketsHttpHandler CreateHandler(EtcdClientOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(30),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            UseProxy = options.Proxy is not null,
            Proxy = options.Proxy is { } proxy ? new WebProxy(proxy) : null,
            UseCookies = false,
            ConnectCallback = ConnectAsync,
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

    /// <summary>
    /// With probes on idle connections: a long poll waits for hours, and a peer that vanished without a word (a partition, a lost machine) must not be
    /// waited for in vain.
    /// </summary>
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        const int QuietSeconds = 15;
        const int ProbeSeconds = 5;
        const int LostProbes = 3;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, QuietSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, ProbeSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, LostProbes);
            await socket.ConnectAsync(context.DnsEndPoint, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
