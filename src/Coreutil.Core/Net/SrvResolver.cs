using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Coreutil.Core.Net;

/// <summary>A look-up that failed; the message is in the words of Go's resolver.</summary>
public sealed class SrvLookupException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>Looks up SRV records, which the framework cannot: by UDP, and by TCP where the answer is too long for it.</summary>
public sealed class SrvResolver(ImmutableArray<IPEndPoint> servers, TimeProvider time)
{
    private const int Port = 53;
    private const int NoSuchName = 3;
    private const int Rounds = 2;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    /// <summary>With the name servers of resolv.conf(5); the local one where none is named.</summary>
    public static SrvResolver OfSystem(TimeProvider time, string configuration = "/etc/resolv.conf")
    {
        string[] lines = File.Exists(configuration) ? File.ReadAllLines(configuration) : [];
        ImmutableArray<IPEndPoint> named =
        [
            .. lines.Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words is ["nameserver", _, ..])
                .Select(words => IPAddress.TryParse(words[1], out var address) ? new IPEndPoint(address, Port) : null)
                .OfType<IPEndPoint>(),
        ];
        return new(named.IsEmpty ? [new IPEndPoint(IPAddress.Loopback, Port)] : named, time);
    }

    /// <summary>The records, the lowest priority first.</summary>
    /// <exception cref="SrvLookupException">There are none, or no server answered.</exception>
    public async Task<ImmutableArray<SrvRecord>> LookUpAsync(string name, CancellationToken cancel)
    {
        SrvLookupException? last = null;
        for (int attempt = 0; attempt < Rounds * servers.Length; attempt++)
        {
            var server = servers[attempt % servers.Length];
            try
            {
                var answer = await AskAsync(server, name, cancel);
                if (answer is { Code: 0, Records.Length: > 0 })
                {
                    return [.. answer.Records.OrderBy(record => record.Priority).ThenByDescending(record => record.Weight)];
                }

                last = new SrvLookupException($"lookup {name} on {server}: {(answer.Code is 0 or NoSuchName ? "no such host" : "server misbehaving")}");
                if (answer.Code is 0 or NoSuchName)
                {
                    break;
                }
            }
            catch (Exception failure) when (failure is SocketException or IOException || (failure is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                last = new SrvLookupException($"lookup {name} on {server}: {(failure is OperationCanceledException ? "i/o timeout" : failure.Message)}", failure);
            }
        }

        throw last ?? new SrvLookupException($"lookup {name}: no name server");
    }

    private async Task<DnsAnswer> AskAsync(IPEndPoint server, string name, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(_patience, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        ushort id = BinaryPrimitives.ReadUInt16LittleEndian(RandomNumberGenerator.GetBytes(2));
        byte[] query = DnsMessage.Query(id, name);
        var answer = await AskByUdpAsync(server, query, id, limit.Token);
        return answer.IsTruncated ? await AskByTcpAsync(server, query, id, limit.Token) : answer;
    }

    private static async Task<DnsAnswer> AskByUdpAsync(IPEndPoint server, byte[] query, ushort id, CancellationToken cancel)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // Connected, so that only this server's datagrams are heard, and a closed port is an error instead of silence.
        await socket.ConnectAsync(server, cancel);
        await socket.SendAsync(query, cancel);
        byte[] reply = new byte[4096];
        for (; ; )
        {
            int length = await socket.ReceiveAsync(reply, cancel);
            if (DnsMessage.Read(reply.AsSpan(0, length), id) is { } answer)
            {
                return answer;
            }
        }
    }

    private static async Task<DnsAnswer> AskByTcpAsync(IPEndPoint server, byte[] query, ushort id, CancellationToken cancel)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancel);
        using var stream = new NetworkStream(socket);
        byte[] length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)query.Length);
        await stream.WriteAsync((byte[])[.. length, .. query], cancel);
        await stream.ReadExactlyAsync(length, cancel);
        byte[] reply = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(reply, cancel);
        return DnsMessage.Read(reply, id) ?? throw new IOException("the server misbehaves");
    }
}
