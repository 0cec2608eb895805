using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Coreutil.Confd.Templates;

namespace Coreutil.Confd.Backends;

/// <summary>One connection in redis's protocol (RESP 2). Texts are byte strings; a reply is a string, a long, an array of replies, or null.</summary>
internal sealed class RedisConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly byte[] _buffer = new byte[16384];
    private int _at;
    private int _end;

    private RedisConnection(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket);
    }

    /// <summary><c>host:port</c>, <c>host:port/database</c> or the path of a socket.</summary>
    public static async Task<RedisConnection> ConnectAsync(RedisAddress address, string? password, CancellationToken cancel)
    {
        var socket = address.Path is not null
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await (address.Path is { } path
                ? socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel)
                : socket.ConnectAsync(address.Host, address.Port, cancel));
            var connection = new RedisConnection(socket);
            if (!string.IsNullOrEmpty(password))
            {
                await connection.AskAsync(cancel, "AUTH", GoText.FromUtf16(password));
            }

            if (address.Database != 0)
            {
                await connection.AskAsync(cancel, "SELECT", address.Database.ToString(CultureInfo.InvariantCulture));
            }

            return connection;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async Task<object?> AskAsync(CancellationToken cancel, params string[] words)
    {
        await SendAsync(cancel, words);
        return await ReadAsync(cancel);
    }

    public async Task SendAsync(CancellationToken cancel, params string[] words)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"*{words.Length}\r\n");
        foreach (string word in words)
        {
            text.Append(CultureInfo.InvariantCulture, $"${word.Length}\r\n").Append(word).Append("\r\n");
        }

        await _stream.WriteAsync(GoText.ToBytes(text.ToString()), cancel);
    }

    /// <exception cref="RedisException">The server refused.</exception>
    public async Task<object?> ReadAsync(CancellationToken cancel)
    {
        string line = await ReadLineAsync(cancel);
        string rest = line.Length > 0 ? line[1..] : "";
        switch (line.Length > 0 ? line[0] : ' ')
        {
            case '+':
                return rest;
            case '-':
                throw new RedisException(GoText.ToUtf16(rest));
            case ':':
                return Number(rest);
            case '$':
                return Number(rest) is >= 0 and var length ? await ReadTextAsync(length, cancel) : null;
            case '*':
                if (Number(rest) is not (>= 0 and var count))
                {
                    return null;
                }

                var items = new List<object?>();
                for (long i = 0; i < count; i++)
                {
                    items.Add(await ReadAsync(cancel));
                }

                return items.ToArray();
            default:
                throw new RedisException("the answer is not of redis's protocol");
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : throw new RedisException("the answer is not of redis's protocol");

    private async Task<string> ReadTextAsync(long length, CancellationToken cancel)
    {
        var text = new StringBuilder();
        for (long i = 0; i < length; i++)
        {
            text.Append((char)await ReadByteAsync(cancel));
        }

        await ReadLineAsync(cancel);
        return text.ToString();
    }

    private async Task<string> ReadLineAsync(CancellationToken cancel)
    {
        var line = new StringBuilder();
        byte next;
        while ((next = await ReadByteAsync(cancel)) != '\n')
        {
            line.Append((char)next);
        }

        return line.ToString().TrimEnd('\r');
    }

    private async ValueTask<byte> ReadByteAsync(CancellationToken cancel)
    {
        if (_at == _end)
        {
            _at = 0;
            _end = await _stream.ReadAsync(_buffer, cancel);
            if (_end == 0)
            {
                throw new IOException("the server closed the connection");
            }
        }

        return _buffer[_at++];
    }
}

/// <summary>The server's own words.</summary>
internal sealed class RedisException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Where a redis answers: a socket's path, or host and port; and which of its databases.</summary>
internal sealed record RedisAddress(string Host, int Port, int Database, string? Path)
{
    private const int UsualPort = 6379;

    public static RedisAddress Parse(string node)
    {
        if (node.StartsWith('/'))
        {
            return new RedisAddress("", 0, 0, node);
        }

        string rest = node.StartsWith("redis://", StringComparison.Ordinal) ? node["redis://".Length..] : node;
        string[] parts = rest.TrimEnd('/').Split('/');
        int colon = parts[0].LastIndexOf(':');
        int port = UsualPort;
        int database = 0;
        bool isGood = parts.Length <= 2 && (colon < 0 || int.TryParse(parts[0][(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port))
            && (parts.Length < 2 || int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out database));
        return isGood
            ? new RedisAddress(colon < 0 ? parts[0] : parts[0][..colon], port, database, null)
            : throw new ConfdException($"node {node} is no redis address such as host:6379/0");
    }
}
