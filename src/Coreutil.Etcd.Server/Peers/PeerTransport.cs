using System.Collections.Immutable;
using Coreutil.Core.Tls;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Consensus;
using Coreutil.Etcd.Server.Metrics;
using Coreutil.Raft;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Peers;

/// <summary>The ways to all other members. Who belongs to the cluster is told by <see cref="Follow"/>, as the log says it.</summary>
internal sealed partial class PeerTransport : IPeerTransport, IAsyncDisposable
{
    private static readonly TimeSpan _dialPatience = TimeSpan.FromSeconds(1);
    private readonly HttpClient _http;
    private readonly PeerContext _context;
    private readonly SnapshotSender _snapshots;
    private readonly TaskCompletionSource _removed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Task> _leaving = [];
    private readonly Lock _lock = new();
    private ImmutableDictionary<NodeId, Peer> _peers = ImmutableDictionary<NodeId, Peer>.Empty;
    private ImmutableArray<Message> _lastHeartbeats = [];
    private Func<Input, bool>? _post;

    /// <param name="snapshotPath">Gives the file of a snapshot by its position.</param>
    public PeerTransport(
        NodeId self, ulong cluster, TlsSettings tls, TimeSpan electionTimeout, Func<LogPosition, string> snapshotPath, MemberMetrics metrics, TimeProvider time, ILogger logger)
    {
        _http = new HttpClient(PeerHttp.CreateHandler(tls, _dialPatience)) { Timeout = Timeout.InfiniteTimeSpan };
        var patience = TimeSpan.FromSeconds(Math.Max(2, 2 * electionTimeout.TotalSeconds));
        _context = new PeerContext(self, cluster, _http, patience, input => _post?.Invoke(input) ?? false, OnRemoved, metrics, time, logger);
        _snapshots = new SnapshotSender(_context, snapshotPath);
    }

    /// <summary>Ends when a member of the cluster says that this one was removed.</summary>
    public Task Removed => _removed.Task;

    public IEnumerable<Peer> Peers => Volatile.Read(ref _peers).Values;

    /// <summary>Where to take what peers send; before, it is dropped.</summary>
    public void Connect(Func<Input, bool> post) => _post = post;

    public Peer? Find(NodeId id) => Volatile.Read(ref _peers).GetValueOrDefault(id);

    public void Send(ImmutableArray<Message> messages)
    {
        if (messages.IsEmpty)
        {
            return;
        }

        var peers = Volatile.Read(ref _peers);
        bool hasHeartbeats = false;
        foreach (var message in messages)
        {
            hasHeartbeats |= message is Message.Heartbeat;
            if (!peers.TryGetValue(message.To, out var peer))
            {
                continue;
            }

            if (message is Message.InstallSnapshot install)
            {
                _snapshots.Start(peer, install);
            }
            else
            {
                peer.Send(message);
            }
        }

        if (hasHeartbeats)
        {
            ImmutableInterlocked.InterlockedExchange(ref _lastHeartbeats, [.. messages.Where(message => message is Message.Heartbeat)]);
        }
    }

    public void RepeatHeartbeats()
    {
        var peers = Volatile.Read(ref _peers);
        foreach (var heartbeat in _lastHeartbeats)
        {
            peers.GetValueOrDefault(heartbeat.To)?.Send(heartbeat);
        }
    }

    public void Follow(ImmutableArray<Member> members)
    {
        lock (_lock)
        {
            var others = members.Where(member => member.Id != _context.Self.Value).ToDictionary(member => new NodeId(member.Id));
            // Who joins knows some peers before the log says who belongs to the cluster. A removed member is told why nobody speaks to it when it
            // opens its next stream.
            bool isMember = others.Count < members.Length;
            foreach (var gone in _peers.Values.Where(peer => isMember && !others.ContainsKey(peer.Id)).ToArray())
            {
                _peers = _peers.Remove(gone.Id);
                _leaving.Add(LeaveAsync(gone));
            }

            foreach (var (id, member) in others)
            {
                if (_peers.TryGetValue(id, out var known))
                {
                    known.Urls = member.PeerUrls;
                }
                else
                {
                    _peers = _peers.Add(id, new Peer(_context, id, member.PeerUrls));
                    LogAdded(_context.Log, id, string.Join(',', member.PeerUrls));
                }
            }
        }
    }

    public bool IsConnectedSince(NodeId member, DateTimeOffset since)
    {
        var peers = Volatile.Read(ref _peers);
        return member == _context.Self
            ? peers.Values.Count(peer => peer.ActiveSince <= since) + 1 > (peers.Count + 1) / 2
            : peers.GetValueOrDefault(member)?.ActiveSince <= since;
    }

    public async ValueTask DisposeAsync()
    {
        ImmutableArray<Peer> peers;
        lock (_lock)
        {
            peers = [.. _peers.Values];
            _peers = _peers.Clear();
        }

        await _snapshots.DisposeAsync();
        await Task.WhenAll(peers.Select(peer => peer.DisposeAsync().AsTask()).Concat(_leaving));
        _http.Dispose();
    }

    /// <summary>What is on the way to a removed member, its removal, is to arrive yet.</summary>
    private async Task LeaveAsync(Peer gone)
    {
        await gone.StopReadingAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), _context.Time);
        await gone.DisposeAsync();
    }

    private void OnRemoved() => _removed.TrySetResult();

    [LoggerMessage(EventId = 93, Level = LogLevel.Information, Message = "rafthttp: added peer {Id} at {Urls}")]
    private static partial void LogAdded(ILogger logger, NodeId id, string urls);
}
