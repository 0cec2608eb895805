using System.Net;
using System.Net.Sockets;
using Coreutil.Core.Net;
using Coreutil.Etcd.Client;

namespace Coreutil.Tests.Core.Net;

// RFC 1035 and 2782: the little of them that finding a cluster by its domain needs.
public sealed class SrvResolverTests
{
    private const ushort Truncated = 0x0200;

    [Fact]
    public async Task Records_come_lowest_priority_first_with_their_names_whole()
    {
        using var server = new NameServer(query => Reply(query, 0, Record(20, 1, 2379, "b", isPointer: true), Record(10, 1, 4001, "a.example.com", isPointer: false)));

        var found = await new SrvResolver([server.EndPoint], TimeProvider.System).LookUpAsync("_etcd-client._tcp.example.com", CancellationToken.None);

        Assert.Equal([new("a.example.com", 4001, 10, 1), new("b.example.com", 2379, 20, 1)], found);
    }

    [Fact]
    public async Task A_truncated_answer_is_asked_for_again_by_TCP()
    {
        using var server = new NameServer(
            query => Reply(query, Truncated), query => Reply(query, 0, Record(1, 1, 2379, "a.example.com", isPointer: false)));

        Assert.Single(await new SrvResolver([server.EndPoint], TimeProvider.System).LookUpAsync("_etcd-client._tcp.example.com", CancellationToken.None));
    }

    [Fact]
    public async Task A_name_without_records_has_no_such_host()
    {
        using var server = new NameServer(query => Reply(query, 3));

        var failure = await Assert.ThrowsAsync<SrvLookupException>(
            () => new SrvResolver([server.EndPoint], TimeProvider.System).LookUpAsync("_x._tcp.example.com", CancellationToken.None));

        Assert.Equal($"lookup _x._tcp.example.com on {server.EndPoint}: no such host", failure.Message);
    }

    [Fact]
    public async Task A_cluster_is_found_when_one_of_its_two_names_is_there()
    {
        using var server = new NameServer(query => System.Text.Encoding.ASCII.GetString(query).Contains("_etcd-client-ssl", StringComparison.Ordinal)
            ? Reply(query, 3)
            : Reply(query, 0, Record(1, 1, 2379, "a.example.com", isPointer: false)));
        var resolver = new SrvResolver([server.EndPoint], TimeProvider.System);

        Assert.Equal(["http://a.example.com:2379"], await SrvDiscovery.FindAsync(resolver, "example.com", CancellationToken.None));
    }

    [Fact]
    public void A_reply_cut_anywhere_is_no_answer_but_no_fault_either()
    {
        byte[] query = DnsMessage.Query(7, "_etcd-client._tcp.example.com");
        byte[] reply = Reply(query, 0, Record(1, 1, 2379, "b", isPointer: true));

        Assert.NotNull(DnsMessage.Read(reply, 7));
        Assert.Null(DnsMessage.Read(reply, 8));
        Assert.All(Enumerable.Range(0, reply.Length), length => Assert.Null(DnsMessage.Read(reply.AsSpan(0, length), 7)));
    }

    [Fact]
    public void A_name_that_points_at_itself_is_no_answer()
    {
        byte[] query = DnsMessage.Query(7, "a.b");
        // The target of the record is a pointer to itself.
        byte[] reply = [.. Reply(query, 0), 0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 0, 0, 8, 0, 1, 0, 1, 0, 80, 0xc0, (byte)(query.Length + 18)];
        reply[7] = 1;

        Assert.Null(DnsMessage.Read(reply, 7));
    }

    private static byte[] Reply(byte[] query, ushort flags, params byte[][] records) =>
        [query[0], query[1], (byte)(0x81 | (flags >> 8)), (byte)flags, 0, 1, 0, (byte)records.Length, 0, 0, 0, 0, .. query[12..], .. records.SelectMany(record => record)];

    /// <summary>A record of the asked name; its target's domain may be a pointer to where the query has "example.com".</summary>
    private static byte[] Record(byte priority, byte weight, ushort port, string target, bool isPointer)
    {
        const byte ExampleCom = 12 + 1 + 12 + 1 + 4;
        byte[] name = [.. target.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. System.Text.Encoding.ASCII.GetBytes(label)]), .. isPointer ? (byte[])[0xc0, ExampleCom] : [0]];
        return [0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, (byte)(6 + name.Length), 0, priority, 0, weight, (byte)(port >> 8), (byte)port, .. name];
    }

    /// <summary>Answers by UDP and TCP on one port of this machine.</summary>
    private sealed class NameServer : IDisposable
    {
        private readonly UdpClient _datagrams;
        private readonly TcpListener _connections;

        public NameServer(Func<byte[], byte[]> byUdp, Func<byte[], byte[]>? byTcp = null)
        {
            (_datagrams, _connections) = ListenOnOnePort();
            EndPoint = (IPEndPoint)_datagrams.Client.LocalEndPoint!;
            _ = AnswerDatagramsAsync(byUdp);
            _ = AnswerConnectionAsync(byTcp ?? byUdp);
        }

        public IPEndPoint EndPoint { get; }

        public void Dispose()
        {
            _datagrams.Dispose();
            _connections.Dispose();
        }

        /// <summary>A port that is free for UDP may be taken for TCP: then the next one is tried.</summary>
        private static (UdpClient Datagrams, TcpListener Connections) ListenOnOnePort()
        {
            for (int attempt = 1; ; attempt++)
            {
                var datagrams = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
                var connections = new TcpListener((IPEndPoint)datagrams.Client.LocalEndPoint!);
                try
                {
                    connections.Start();
                    return (datagrams, connections);
                }
                catch (SocketException) when (attempt < 20)
                {
                    datagrams.Dispose();
                    connections.Dispose();
                }
            }
        }

        private async Task AnswerDatagramsAsync(Func<byte[], byte[]> answer)
        {
            try
            {
                for (; ; )
                {
                    var query = await _datagrams.ReceiveAsync();
                    await _datagrams.SendAsync(answer(query.Buffer), query.RemoteEndPoint);
                }
            }
            catch (Exception ended) when (ended is ObjectDisposedException or SocketException)
            {
                // The test is over.
            }
        }

        private async Task AnswerConnectionAsync(Func<byte[], byte[]> answer)
        {
            try
            {
                using var connection = await _connections.AcceptTcpClientAsync();
                var stream = connection.GetStream();
                byte[] length = new byte[2];
                await stream.ReadExactlyAsync(length);
                byte[] query = new byte[(length[0] << 8) + length[1]];
                await stream.ReadExactlyAsync(query);
                byte[] reply = answer(query);
                await stream.WriteAsync((byte[])[(byte)(reply.Length >> 8), (byte)reply.Length, .. reply]);
            }
            catch (Exception ended) when (ended is ObjectDisposedException or SocketException or InvalidOperationException)
            {
                // The test is over.
            }
        }
    }
}
