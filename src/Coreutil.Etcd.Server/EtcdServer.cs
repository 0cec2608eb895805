using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Consensus;
using Coreutil.Etcd.Server.Http;
using Coreutil.Etcd.Server.Membership;
using Coreutil.Etcd.Server.Metrics;
using Coreutil.Etcd.Server.Peers;
using Coreutil.Etcd.Server.Store;
using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server;

/// <summary>A member that serves: opened by <see cref="StartAsync"/>, stopped by disposing it. Several may live in one process.</summary>
public sealed partial class EtcdServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MemberLog _log;
    private readonly Listeners _listeners;
    private DataDirectory? _data;
    private WalDirectory? _walDirectory;
    private SnapshotKeeper? _snapshots;
    private Task _loop = Task.CompletedTask;

    private EtcdServer(ILogger logger)
    {
        _log = new MemberLog(logger);
        _listeners = new Listeners(_log);
    }

    /// <summary>Ends when the server has stopped; faults when the disk failed under it.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Returns when the member serves its keys.</summary>
    public static async Task<EtcdServer> StartAsync(EtcdConfig config, ILogger logger, TimeProvider time, CancellationToken cancel)
    {
        var server = new EtcdServer(logger);
        try
        {
            var member = server.Open(config, time);
            server._loop = server.RunLoopAsync(member.Loop);
            await member.Loop.Recovered.WaitAsync(cancel);
            foreach (var command in Cluster.Announcements(member.Store.View, member.Self, time.GetUtcNow()).ToArray())
            {
                await member.Loop.ProposeAsync(command, cancel);
            }

            await server._listeners.ListenAsync(
                config.ListenPeerUrls, config.InheritedPeerSockets, config.PeerTls, "peers", new PeerHandler(member).HandleAsync, cancel);
            await server._listeners.ListenAsync(
                config.ListenClientUrls, config.InheritedClientSockets, config.ClientTls, "client requests", new ClientHandler(member).HandleAsync, cancel);
            return server;
        }
        catch (Exception failure)
        {
            await server.DisposeAsync();
            // A loop that ended names the cause; who waited for it knows only that it stopped.
            var cause = server._completion.Task.Exception?.InnerException ?? failure;
            if (cause is IOException or UnauthorizedAccessException)
            {
                throw new EtcdStartException(cause.Message, cause);
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _listeners.DisposeAsync();
        await _loop;
        await (_snapshots?.StopAsync() ?? Task.CompletedTask);
        _walDirectory?.Dispose();
        _data?.Dispose();
        if (_completion.TrySetResult())
        {
            LogStopped(_log);
        }
    }

    private MemberContext Open(EtcdConfig config, TimeProvider time)
    {
        // What is on the disk decides who this is; the flags make a new member only.
        if (!DataDirectory.HasMember(config) && BootstrapRules.Refuse(config) is { } refusal)
        {
            throw new EtcdStartException(refusal);
        }

        _data = DataDirectory.Open(config);
        var snapshot = SnapshotFile.ReadNewest(_data.SnapshotPath) ?? StoreSnapshot.Empty;
        _walDirectory = new WalDirectory(_data.WalPath);
        string[] peerUrls = [.. config.InitialAdvertisePeerUrls.Select(Listeners.Text)];
        var (log, content) = WriteAheadLog.Open(_walDirectory, MemberIdentity.Of(peerUrls, config.InitialClusterToken).ToString(), snapshot.Position);
        var identity = MemberIdentity.Parse(log.Writer);
        var self = new Member(identity.Member, config.Name, [.. peerUrls], [.. config.AdvertiseClientUrls.Select(Listeners.Text)]);
        LogIdentity(_log, config.Name, config.EffectiveDataDirectory, self.IdText, new NodeId(identity.Cluster).ToString());
        if (content.TornFile is { } torn)
        {
            LogTorn(_log, Path.Combine(_data.WalPath, torn));
        }

        LogRecovered(_log, snapshot.View.Index, content.Entries.Count);
        var id = new NodeId(identity.Member);
        int electionTicks = Math.Max(1, (int)(config.ElectionTimeout / config.HeartbeatInterval));
        var node = new RaftNode(
            new RaftConfig(id) { ElectionTicks = electionTicks },
            new Random(),
            content.State,
            new SnapshotMetadata(snapshot.Position, MemberSet.Of([id])),
            content.Entries);
        var store = new KeyStore(snapshot.View);
        var watchers = new WatcherHub(
            config.EventWindow is { } events ? EventWindow.Of(events) : EventWindow.ForMemory(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes),
            snapshot.HistoryStartsAfter,
            snapshot.History);
        var statistics = new StoreStatistics();
        var metrics = new MemberMetrics();
        var policy = new SnapshotPolicy(config.SnapshotCount, config.MaximumSnapshots, config.MaximumWals);
        _snapshots = new SnapshotKeeper(_data.SnapshotPath, policy, snapshot.Position.Index, metrics, time, _log);
        var loop = new ConsensusLoop(
            node, log, new EntryApplier(store, watchers, statistics), _snapshots, metrics, snapshot.Position.Index, time, config.HeartbeatInterval);
        return new MemberContext(config, self, identity.Cluster, store, watchers, statistics, loop, time)
        {
            Log = _log,
            Metrics = metrics,
            Stopping = _stopping.Token,
        };
    }

    private async Task RunLoopAsync(ConsensusLoop loop)
    {
        try
        {
            await Task.Run(() => loop.RunAsync(_stopping.Token));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The ordinary end.
        }
#pragma warning disable CA1031 // The loop's boundary: whatever ends it ends the server, which its owner learns from Completion.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            LogFailed(_log, failure);
            _completion.TrySetException(failure);
        }
    }
}
