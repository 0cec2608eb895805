using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Coreutil.Core.Tls;

namespace Coreutil.Etcd.Server.Peers;

/// <summary>The client side of peer connections: our own certificate where the peers ask for one, their authorities for them.</summary>
internal static class PeerHttp
{
    public static SocketsHttpHandler CreateHandler(TlsSettings tls, TimeSpan dialTimeout)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = dialTimeout,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectCallback = ConnectAsync,
        };
        if (tls.IsEmpty && tls.TrustedCaFile.Length == 0)
        {
            return handler;
        }

        var security = new SslClientAuthenticationOptions();
        if (tls.TrustedCaFile.Length > 0)
        {
            security.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            security.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(tls.TrustedCaFile);
        }

        if (!tls.IsEmpty)
        {
            // Read anew for each handshake: a renewed certificate counts from the next connection on.
            security.LocalCertificateSelectionCallback = (_, _, _, _, _) => X509Certificate2.CreateFromPemFile(tls.CertificateFile, tls.KeyFile);
        }

        handler.SslOptions = security;
        return handler;
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
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
