using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Coreutil.Etcd.Server.Consensus;
using Coreutil.Raft;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Peers;

/// <summary>Sends a snapshot file to a member that is too far behind for the log: the message as a frame, then the file as it is on the disk.</summary>
internal sealed partial class SnapshotSender(PeerContext context, Func<LogPosition, string> pathOf) : IAsyncDisposable
{
    /// <summary>Without a byte taken, or an answer to the last one: the way may be cut, and the kernel would try for a quarter of an hour.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<NodeId, Task> _sending = new();

    /// <summary>The core hears of the end of every one of them.</summary>
    public void Start(Peer peer, Message.InstallSnapshot message)
    {
        if (_sending.TryGetValue(peer.Id, out var under) && !under.IsCompleted)
        {
            return;
        }

        _sending[peer.Id] = Task.Run(() => SendAsync(peer, message));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_sending.Values);
        _stopping.Dispose();
    }

    private async Task SendAsync(Peer peer, Message.InstallSnapshot message)
    {
        bool isDelivered = false;
        long started = context.Time.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        limit.CancelAfter(_patience);
        try
        {
            string url = peer.Urls.FirstOrDefault() ?? throw new IOException("it has no peer URL");
            await using var file = new FileStream(pathOf(message.Snapshot.Position), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            using var request = PeerHeaders.Request(HttpMethod.Post, url + PeerHeaders.SnapshotPath, context.Cluster, context.Self, peer.Id);
            request.Content = new SnapshotContent(message, file, () => limit.CancelAfter(_patience));
            using var reply = await context.Http.SendAsync(request, limit.Token);
            isDelivered = reply.StatusCode == HttpStatusCode.NoContent;
            if (isDelivered)
            {
                LogSent(context.Log, message.Snapshot.Index, file.Length, peer.Id, (long)context.Time.GetElapsedTime(started).TotalMilliseconds);
            }
            else
            {
                LogNotSent(context.Log, message.Snapshot.Index, peer.Id, (await reply.Content.ReadAsStringAsync(limit.Token)).Trim());
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            LogNotSent(context.Log, message.Snapshot.Index, peer.Id, (failure.GetBaseException() as SocketException)?.Message ?? failure.Message);
        }

        // The loop may be behind just now; this it must hear, or the member would wait for ever.
        while (!context.Post(new Input.SnapshotSent(peer.Id, isDelivered)) && !_stopping.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), context.Time, CancellationToken.None);
        }
    }

    private sealed class SnapshotContent(Message.InstallSnapshot message, FileStream file, Action onProgress) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            var frame = new ArrayBufferWriter<byte>();
            MessageCodec.Write(frame, message);
            await stream.WriteAsync(frame.WrittenMemory, cancellationToken);
            byte[] buffer = new byte[64 << 10];
            int count;
            while ((count = await file.ReadAsync(buffer, cancellationToken)) > 0)
            {
                await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                onProgress();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            var frame = new ArrayBufferWriter<byte>();
            length = MessageCodec.Write(frame, message) + file.Length;
            return true;
        }
    }

    [LoggerMessage(EventId = 94, Level = LogLevel.Information, Message = "rafthttp: sent the snapshot at index {Index}, {Bytes} bytes, to {Id} in {Took} ms")]
    private static partial void LogSent(ILogger logger, ulong index, long bytes, NodeId id, long took);

    [LoggerMessage(EventId = 95, Level = LogLevel.Warning, Message = "rafthttp: could not send the snapshot at index {Index} to {Id}: {Cause}")]
    private static partial void LogNotSent(ILogger logger, ulong index, NodeId id, string cause);
}
