using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Coreutil.Confd;

/// <summary>Answers GET /metrics and /status, one request a connection: all that a scraper needs.</summary>
internal sealed class MetricsServer : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    private readonly TcpListener _listener;
    private readonly StatusBoard _status;
    private readonly ILogger _log;
    private readonly TimeProvider _time;

    private MetricsServer(TcpListener listener, StatusBoard status, ILogger log, TimeProvider time)
    {
        _listener = listener;
        _status = status;
        _log = log;
        _time = time;
    }

    /// <summary>Listens from now on, so that a busy port is a fault of the start.</summary>
    public static MetricsServer Listen(string address, StatusBoard status, ILogger log, TimeProvider time)
    {
        string text = address.StartsWith(':') ? "0.0.0.0" + address : address;
        if (!IPEndPoint.TryParse(text.Replace("localhost:", "127.0.0.1:", StringComparison.Ordinal), out var endpoint) || endpoint.Port == 0)
        {
            throw new ConfdException($"metrics-address {address} is not of the form address:port");
        }

        var listener = new TcpListener(endpoint);
        try
        {
            listener.Start();
            return new MetricsServer(listener, status, log, time);
        }
        catch (SocketException busy)
        {
            listener.Dispose();
            throw new ConfdException($"metrics-address {address}: {busy.Message}", busy);
        }
    }

    /// <summary>Ends with the token only.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            using var client = await _listener.AcceptTcpClientAsync(cancel);
            using var late = new CancellationTokenSource(_patience, _time);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
            try
            {
                await AnswerAsync(client.GetStream(), limit.Token);
            }
            catch (Exception gone) when (gone is IOException or SocketException || (gone is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                _log.MetricsClientGone(gone.Message);
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    private async Task AnswerAsync(NetworkStream stream, CancellationToken cancel)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        string request = await reader.ReadLineAsync(cancel) ?? "";
        while (await reader.ReadLineAsync(cancel) is { Length: > 0 })
        {
            // Headers say nothing that matters here.
        }

        var (status, type, body) = request.Split(' ') switch
        {
            ["GET", "/metrics", ..] => ("200 OK", "text/plain; version=0.0.4", Encoding.UTF8.GetBytes(_status.Metrics())),
            ["GET", "/status", ..] => ("200 OK", "application/json", _status.Json()),
            _ => ("404 Not Found", "text/plain", "GET /metrics or /status\n"u8.ToArray()),
        };
        string head = string.Create(
            CultureInfo.InvariantCulture, $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancel);
        await stream.WriteAsync(body, cancel);
    }
}
