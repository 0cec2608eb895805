using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Coreutil.FunctionalTests.Etcd;

/// <summary>A watch on a bare connection: it reads when it is told to, and sees how the response ends.</summary>
internal sealed class RawWatch : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] _buffer = new byte[64 << 10];

    /// <summary>All that was read so far, chunk sizes and headers with it.</summary>
    public StringBuilder Text { get; } = new();

    /// <summary>Returns when the server has registered it: its headers come at once.</summary>
    public static async Task<RawWatch> StartAsync(string url, string target, int? receiveBuffer = null, string headers = "")
    {
        var watch = new RawWatch();
        if (receiveBuffer is { } size)
        {
            watch._socket.ReceiveBufferSize = size;
        }

        await watch._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, new Uri(url).Port), Cancel);
        await watch._socket.SendAsync(Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: h\r\n{headers}\r\n"), Cancel);
        await watch.UntilAsync("\r\n\r\n");
        return watch;
    }

    public async Task UntilAsync(string awaited)
    {
        while (!Text.ToString().Contains(awaited, StringComparison.Ordinal))
        {
            Assert.True(await ReadAsync(), $"the connection ended before «{awaited}» came: {Text}");
        }
    }

    /// <summary>Reads to the end; true when the server ended the response as HTTP wants it, rather than just the connection.</summary>
    public async Task<bool> EndsCleanlyAsync()
    {
        while (!Text.ToString().EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal))
        {
            if (!await ReadAsync())
            {
                return false;
            }
        }

        return true;
    }

    public void Dispose() => _socket.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<bool> ReadAsync()
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        late.CancelAfter(TimeSpan.FromSeconds(60));
        int count = await _socket.ReceiveAsync(_buffer, late.Token);
        Text.Append(Encoding.UTF8.GetString(_buffer, 0, count));
        return count > 0;
    }
}
