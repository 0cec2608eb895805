using System.Net.Sockets;
using System.Security.Authentication;

namespace Coreutil.Etcd.Client;

/// <summary>Network failures in the words of Go's net package: scripts and people know these texts from the originals.</summary>
public static class GoNetError
{
    public static string Describe(Exception failure, Uri endpoint)
    {
        string address = $"{(endpoint.Host == "localhost" ? "127.0.0.1" : endpoint.Host)}:{endpoint.Port}";
        if (failure is OperationCanceledException)
        {
            return "context deadline exceeded";
        }

        return Socket(failure) switch
        {
            SocketError.ConnectionRefused => $"dial tcp {address}: connect: connection refused",
            SocketError.HostNotFound or SocketError.NoData => $"dial tcp: lookup {endpoint.Host}: no such host",
            SocketError.HostUnreachable => $"dial tcp {address}: connect: no route to host",
            SocketError.NetworkUnreachable => $"dial tcp {address}: connect: network is unreachable",
            SocketError.TimedOut => $"dial tcp {address}: i/o timeout",
            SocketError.ConnectionReset => $"read tcp {address}: connection reset by peer",
            null when failure is HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } or HttpIOException => "unexpected EOF",
            // The outer messages say "see inner exception".
            _ => failure.GetBaseException() is AuthenticationException untrusted ? $"tls: {untrusted.Message}" : failure.GetBaseException().Message,
        };
    }

    private static SocketError? Socket(Exception? failure) => failure switch
    {
        null => null,
        SocketException socket => socket.SocketErrorCode,
        _ => Socket(failure.InnerException),
    };
}
