using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Net.Sockets;
using Coreutil.Etcd.Server.Consensus;
using Coreutil.Etcd.Server.Metrics;
using Coreutil.Raft;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Peers;

/// <summary>What all peers of a member share.</summary>
internal sealed record PeerContext(
    NodeId Self, ulong Cluster, HttpClient Http, TimeSpan ReadPatience, Func<Input, bool> Post, Action OnRemoved, MemberMetrics Metrics, TimeProvider Time, ILogger Log);

/// <summary>
/// Another member: we read its messages from two streams that we open at its peer port (appends; everything else), and write ours onto those that it
/// opens at ours. A broken stream is opened again; what was under way is lost, which the core expects of a network.
/// </summary>
internal sealed partial class Peer : IAsyncDisposable
{
    private enum StreamEnd
    {
        Failed,
        NobodyListens,

        /// <summary>For a while: one that only accepts and closes does not count.</summary>
        WasOpen,
    }

    private static readonly ImmutableArray<string> _streams = ["append", "message"];
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _tolerableSkew = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(1);
    private readonly PeerContext _context;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _reading;
    private readonly PeerOutbox _appends;
    private readonly PeerOutbox _others;
    private ImmutableArray<string> _urls;
    private string _lastTrouble = "";
    private int _openReaders;
    private long _activeSince;
    private long _reportedUnreachable;

    public Peer(PeerContext context, NodeId id, ImmutableArray<string> urls)
    {
        (_context, Id, _urls) = (context, id, urls);
        _appends = new PeerOutbox(512, context.Time);
        _others = new PeerOutbox(4096, context.Time);
        Statistics = new PeerStatistics(context.Metrics, context.Time);
        _reading = Task.WhenAll(_streams.Select(KeepReadingAsync));
    }

    public NodeId Id { get; }

    public PeerStatistics Statistics { get; }

    public ImmutableArray<string> Urls
    {
        get => _urls;
        set => ImmutableInterlocked.InterlockedExchange(ref _urls, value);
    }

    /// <summary>Both of our streams from it are open; since when. Null where they are not.</summary>
    public DateTimeOffset? ActiveSince => Interlocked.Read(ref _activeSince) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    public PeerOutbox? Outbox(string stream) => stream == _streams[0] ? _appends : stream == _streams[1] ? _others : null;

    public void Send(Message message)
    {
        bool isAppend = message is Message.Append;
        Statistics.OnSend(message);
        if ((isAppend ? _appends : _others).TrySend(message))
        {
            return;
        }

        Statistics.CountFailure();
        long now = _context.Time.GetTimestamp();
        if (isAppend && _context.Time.GetElapsedTime(_reportedUnreachable, now) > _firstPause)
        {
            _reportedUnreachable = now;
            _context.Post(new Input.Unreachable(Id));
        }
    }

    /// <summary>Opens no stream any more; what waits for it can still be fetched.</summary>
    public async Task StopReadingAsync()
    {
        await _stopping.CancelAsync();
        await _reading;
    }

    public async ValueTask DisposeAsync()
    {
        await StopReadingAsync();
        await _appends.CloseAsync();
        await _others.CloseAsync();
        _stopping.Dispose();
    }

    private async Task KeepReadingAsync(string stream)
    {
        var pause = _firstPause;
        int refused = 0;
        for (int attempt = 0; !_stopping.IsCancellationRequested; attempt++)
        {
            try
            {
                var urls = Urls;
                var end = urls.IsEmpty ? StreamEnd.Failed : await ReadAsync(urls[attempt % urls.Length], stream);
                refused = end == StreamEnd.NobodyListens ? refused + 1 : 0;
                if (refused == urls.Length && refused > 0)
                {
                    _context.Post(new Input.Gone(Id));
                }

                if (end == StreamEnd.WasOpen)
                {
                    // Asked again at once: if its process has ended, that shows now.
                    pause = _firstPause;
                    continue;
                }

                await Task.Delay(pause, _context.Time, _stopping.Token);
                pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task<StreamEnd> ReadAsync(string url, string stream)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        bool wasOpen = false;
        long started = _context.Time.GetTimestamp();
        try
        {
            patience.CancelAfter(_context.ReadPatience);
            using var request = PeerHeaders.Request(HttpMethod.Get, url + PeerHeaders.StreamPath + stream, _context.Cluster, _context.Self, Id);
            using var reply = await _context.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            if (!reply.IsSuccessStatusCode)
            {
                await OnRefusedAsync(url, reply, patience.Token);
                return StreamEnd.Failed;
            }

            wasOpen = true;
            OnOpened(url, reply);
            await ReadFramesAsync(PipeReader.Create(await reply.Content.ReadAsStreamAsync(patience.Token)), patience);
            OnTrouble(url, "it closed the stream");
        }
        catch (MalformedMessageException malformed)
        {
            LogMalformed(_context.Log, Id, url, malformed.Message);
        }
        catch (Exception failure) when (!_stopping.IsCancellationRequested && failure is HttpRequestException or IOException or OperationCanceledException)
        {
            var cause = failure.GetBaseException() as SocketException;
            OnTrouble(url, failure is OperationCanceledException ? "it is silent" : cause?.Message ?? failure.Message);
            if (!wasOpen && cause?.SocketErrorCode == SocketError.ConnectionRefused)
            {
                return StreamEnd.NobodyListens;
            }
        }
        finally
        {
            if (wasOpen)
            {
                OnClosed();
            }
        }

        return wasOpen && _context.Time.GetElapsedTime(started) > _longestPause ? StreamEnd.WasOpen : StreamEnd.Failed;
    }

    private async Task ReadFramesAsync(PipeReader reader, CancellationTokenSource patience)
    {
        try
        {
            for (; ; )
            {
                patience.CancelAfter(_context.ReadPatience);
                var result = await reader.ReadAsync(patience.Token);
                var buffer = result.Buffer;
                while (TryTakeFrame(ref buffer, out byte[] frame))
                {
                    if (frame.Length > 0)
                    {
                        OnFrame(frame);
                    }
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
                if (result.IsCompleted)
                {
                    return;
                }
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static bool TryTakeFrame(ref ReadOnlySequence<byte> buffer, out byte[] frame)
    {
        frame = [];
        Span<byte> header = stackalloc byte[MessageCodec.LengthSize];
        if (buffer.Length < header.Length)
        {
            return false;
        }

        buffer.Slice(0, header.Length).CopyTo(header);
        int length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length is < 0 or > MessageCodec.MaximumFrame)
        {
            throw new MalformedMessageException($"a frame of {length} bytes");
        }

        if (buffer.Length < header.Length + length)
        {
            return false;
        }

        frame = buffer.Slice(header.Length, length).ToArray();
        buffer = buffer.Slice(header.Length + length);
        return true;
    }

    /// <summary>A member speaks for itself only, and to us. A snapshot comes on a way of its own, with its content.</summary>
    private void OnFrame(byte[] frame)
    {
        var message = MessageCodec.Read(frame);
        if (message.From != Id || message.To != _context.Self || message is Message.InstallSnapshot)
        {
            throw new MalformedMessageException($"a {message.GetType().Name} from {message.From} to {message.To}");
        }

        Statistics.OnReceive(message, frame.Length);
        _context.Post(new Input.Received(message));
    }

    private void OnOpened(string url, HttpResponseMessage reply)
    {
        if (reply.Headers.TryGetValues(PeerHeaders.Time, out var times) && long.TryParse(times.First(), out long ticks))
        {
            var skew = new DateTimeOffset(Math.Clamp(ticks, 0, DateTimeOffset.MaxValue.Ticks), TimeSpan.Zero) - _context.Time.GetUtcNow();
            if (skew.Duration() > _tolerableSkew)
            {
                LogSkew(_context.Log, Id, skew.TotalSeconds);
            }
        }

        if (Interlocked.Increment(ref _openReaders) == _streams.Length)
        {
            Interlocked.Exchange(ref _activeSince, _context.Time.GetUtcNow().UtcTicks);
            _lastTrouble = "";
            LogActive(_context.Log, Id, url);
        }
    }

    private void OnClosed()
    {
        Interlocked.Decrement(ref _openReaders);
        Interlocked.Exchange(ref _activeSince, 0);
    }

    private async Task OnRefusedAsync(string url, HttpResponseMessage reply, CancellationToken cancel)
    {
        string text = (await reply.Content.ReadAsStringAsync(cancel)).Trim();
        bool isOfOurs = reply.Headers.Contains(PeerHeaders.Wire);
        if (isOfOurs && reply.StatusCode == System.Net.HttpStatusCode.Gone)
        {
            _context.OnRemoved();
        }

        OnTrouble(url, isOfOurs
            ? text
            : $"it answers {(int)reply.StatusCode} to our protocol: it is no member of this program (an original etcd and this one cannot be members of one cluster)");
    }

    /// <summary>Once for each kind of trouble, not for each attempt.</summary>
    private void OnTrouble(string url, string cause)
    {
        if (Interlocked.Exchange(ref _lastTrouble, cause) != cause)
        {
            LogTrouble(_context.Log, Id, url, cause);
        }
    }
}
