using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using Coreutil.Etcd.Server.Http;
using Coreutil.Etcd.Server.Membership;
using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Peers;

/// <summary>
/// What members ask of each other on the peer port: a stream of our messages, or to take a snapshot. Who is of another cluster, was removed, or speaks
/// another protocol is refused with a line on both sides.
/// </summary>
internal sealed partial class PeerStreamHandler(MemberContext member)
{
    private static readonly TimeSpan _tellInterval = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _told = new(StringComparer.Ordinal);

    public async Task HandleAsync(HttpContext context, string path)
    {
        context.Response.Headers[PeerHeaders.Cluster] = member.ClusterIdText;
        context.Response.Headers[PeerHeaders.Wire] = PeerHeaders.WireText;
        context.Response.Headers[PeerHeaders.Time] = member.Time.GetUtcNow().UtcTicks.ToString(CultureInfo.InvariantCulture);
        if (await AdmitAsync(context) is not { } peer)
        {
            return;
        }

        if (path == PeerHeaders.SnapshotPath && context.Request.Method == "POST")
        {
            await TakeSnapshotAsync(context, peer);
        }
        else if (context.Request.Method == "GET" && path.StartsWith(PeerHeaders.StreamPath, StringComparison.Ordinal)
            && peer.Outbox(path[PeerHeaders.StreamPath.Length..]) is { } outbox)
        {
            await SendStreamAsync(context, outbox);
        }
        else
        {
            await Reply.NotFoundAsync(context);
        }
    }

    /// <summary>The original's peers know this answer, and say on their side that the version is incompatible.</summary>
    public Task RefuseOriginalAsync(HttpContext context)
    {
        context.Response.Headers[PeerHeaders.Cluster] = member.ClusterIdText;
        string version = context.Request.Headers["X-Server-Version"].ToString();
        Tell(context, $"original {version}", () => LogOriginal(
            member.Log, context.Connection.RemoteIpAddress?.ToString() ?? "?", version.Length > 0 ? version : "2 or 3", context.Request.Headers[PeerHeaders.Cluster].ToString()));
        return Reply.RefuseAsync(context, StatusCodes.Status412PreconditionFailed, "incompatible version");
    }

    private async Task<Peer?> AdmitAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        ulong? from = PeerHeaders.ParseId(headers[PeerHeaders.From]);
        ulong? to = PeerHeaders.ParseId(headers[PeerHeaders.To]);
        ulong? cluster = PeerHeaders.ParseId(headers[PeerHeaders.Cluster]);
        (int Status, string Text)? refusal =
            headers[PeerHeaders.Wire] != PeerHeaders.WireText
                ? (StatusCodes.Status412PreconditionFailed, $"incompatible version: this member speaks wire version {PeerHeaders.WireText}, not {headers[PeerHeaders.Wire]}; see the upgrade rule of etcd(1)")
            : cluster != member.ClusterId
                ? (StatusCodes.Status412PreconditionFailed, $"cluster ID mismatch: this member is of cluster {member.ClusterIdText}, the request came from one of cluster {headers[PeerHeaders.Cluster]}")
            : to != member.Self.Id
                ? (StatusCodes.Status412PreconditionFailed, $"member ID mismatch: this is member {member.Self.IdText}, not {headers[PeerHeaders.To]}")
            : from is not { } id
                ? (StatusCodes.Status400BadRequest, $"no member ID in {PeerHeaders.From}")
            : Cluster.IsRemoved(member.Store.View, id)
                ? (StatusCodes.Status410Gone, "the member has been permanently removed from the cluster")
            : member.Transport.Find(new NodeId(id)) is null
                ? (StatusCodes.Status404NotFound, $"member {headers[PeerHeaders.From]} is not known here, or not yet")
                : null;
        if (refusal is not { } refused)
        {
            return member.Transport.Find(new NodeId(from!.Value));
        }

        Tell(context, refused.Text, () => LogRefused(
            member.Log, headers[PeerHeaders.From].ToString(), context.Connection.RemoteIpAddress?.ToString() ?? "?", refused.Text));
        await Reply.RefuseAsync(context, refused.Status, refused.Text);
        return null;
    }

    private async Task SendStreamAsync(HttpContext context, PeerOutbox outbox)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, member.Stopping);
        context.Response.ContentType = "application/octet-stream";
        try
        {
            await context.Response.StartAsync(ending.Token);
            await context.Response.BodyWriter.FlushAsync(ending.Token);
            await outbox.RunAsync(context.Response.BodyWriter, ending.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // The reader went, opened another stream, or the server stops.
        }

        context.Abort();
    }

    private async Task TakeSnapshotAsync(HttpContext context, Peer peer)
    {
        string staged = Path.Combine(member.SnapshotDirectory, $"received-{Guid.NewGuid():N}{SnapshotFile.Extension}.tmp");
        try
        {
            var message = await ReadMessageAsync(context.Request.Body, context.RequestAborted);
            if (message.From != peer.Id || message.To.Value != member.Self.Id)
            {
                throw new MalformedMessageException($"a snapshot from {message.From} to {message.To}");
            }

            long bytes;
            await using (var file = new FileStream(staged, FileMode.CreateNew, FileAccess.Write))
            {
                await context.Request.Body.CopyToAsync(file, context.RequestAborted);
                file.Flush(flushToDisk: true);
                bytes = file.Length;
            }

            if (SnapshotFile.PositionOf(staged) != message.Snapshot.Position)
            {
                throw new MalformedMessageException($"the snapshot at index {message.Snapshot.Index} did not come whole");
            }

            LogReceived(member.Log, message.Snapshot.Index, bytes, peer.Id);
            await member.Loop.TakeSnapshotAsync(message, staged, context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        catch (MalformedMessageException malformed)
        {
            LogRefused(member.Log, peer.Id.ToString(), context.Connection.RemoteIpAddress?.ToString() ?? "?", malformed.Message);
            await Reply.RefuseAsync(context, StatusCodes.Status400BadRequest, malformed.Message);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException && !context.RequestAborted.IsCancellationRequested)
        {
            LogNotTaken(member.Log, peer.Id, failure.Message);
            await Reply.RefuseAsync(context, StatusCodes.Status507InsufficientStorage, failure.Message);
        }
        finally
        {
            File.Delete(staged);
        }
    }

    private static async Task<Message.InstallSnapshot> ReadMessageAsync(Stream body, CancellationToken cancel)
    {
        const int Maximum = 1 << 20;
        byte[] header = new byte[MessageCodec.LengthSize];
        await ReadExactlyAsync(body, header, cancel);
        int length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length is <= 0 or > Maximum)
        {
            throw new MalformedMessageException($"a frame of {length} bytes before a snapshot");
        }

        byte[] frame = new byte[length];
        await ReadExactlyAsync(body, frame, cancel);
        return MessageCodec.Read(frame) as Message.InstallSnapshot ?? throw new MalformedMessageException("another message in the place of a snapshot's");
    }

    private static async Task ReadExactlyAsync(Stream body, byte[] buffer, CancellationToken cancel)
    {
        try
        {
            await body.ReadExactlyAsync(buffer, cancel);
        }
        catch (EndOfStreamException short_)
        {
            throw new MalformedMessageException($"the message before a snapshot is cut: {short_.Message}");
        }
    }

    /// <summary>A line a minute for each kind of refusal and sender: they try for ever.</summary>
    private void Tell(HttpContext context, string what, Action log)
    {
        var now = member.Time.GetUtcNow();
        string key = $"{context.Connection.RemoteIpAddress} {what}";
        if (_told.Count > 1000)
        {
            _told.Clear();
        }

        if (!_told.TryGetValue(key, out var last) || now - last > _tellInterval)
        {
            _told[key] = now;
            log();
        }
    }

    [LoggerMessage(EventId = 96, Level = LogLevel.Warning, Message = "rafthttp: refused a request of member {From} at {Address}: {Cause}")]
    private static partial void LogRefused(ILogger logger, string from, string address, string cause);

    [LoggerMessage(EventId = 97, Level = LogLevel.Error, Message = "rafthttp: refused a peer at {Address}: it is an original etcd (version {Version}, cluster {Cluster}), and original and this program cannot be members of one cluster")]
    private static partial void LogOriginal(ILogger logger, string address, string version, string cluster);

    [LoggerMessage(EventId = 98, Level = LogLevel.Information, Message = "rafthttp: received the snapshot at index {Index}, {Bytes} bytes, from {From}")]
    private static partial void LogReceived(ILogger logger, ulong index, long bytes, NodeId from);

    [LoggerMessage(EventId = 99, Level = LogLevel.Error, Message = "rafthttp: cannot take the snapshot of {From}: {Cause}")]
    private static partial void LogNotTaken(ILogger logger, NodeId from, string cause);
}
