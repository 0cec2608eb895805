using System.Collections.Immutable;
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
    /// <summary>etcd's number: a member that is less behind needs no snapshot.</summary>
    private const ulong MaximumEntriesKept = 5000;

    private const int MinimumThreads = 16;

    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MemberLog _log;
    private readonly Listeners _listeners;
    private DataDirectory? _data;
    private WalDirectory? _walDirectory;
    private SnapshotKeeper? _snapshots;
    private MemberContext? _member;
    private Task _loop = Task.CompletedTask;
    private Task _announcing = Task.CompletedTask;
    private Task _keepingSize = Task.CompletedTask;
    private Task _watching = Task.CompletedTask;

    private EtcdServer(ILogger logger)
    {
        _log = new MemberLog(logger);
        _listeners = new Listeners(_log);
    }

    /// <summary>Ends when the server has stopped; faults when the disk failed under it.</summary>
    public Task Completion => _completion.Task;

    /// <summary>
    /// The peer URLs of the cluster that took this member's place away, when it did so by 0.4's settings: the process stands by then. Null otherwise.
    /// </summary>
    public ImmutableArray<string>? StandbyFor { get; private set; }

    /// <summary>Puts aside what a member had that lost its place: it comes back as a new one or not at all.</summary>
    public static void PutAside(EtcdConfig config)
    {
        string member = Path.Combine(config.EffectiveDataDirectory, "member");
        foreach (string path in (string[])[member, config.WalDirectory])
        {
            if (path.Length > 0 && Directory.Exists(path))
            {
                string aside = path + ".lost-its-place";
                if (Directory.Exists(aside))
                {
                    Directory.Delete(aside, recursive: true);
                }

                Directory.Move(path, aside);
            }
        }
    }

    /// <summary>Whether a member has run in this data directory before: what it holds decides then, not the flags.</summary>
    public static bool HasRunIn(EtcdConfig config) => DataDirectory.HasMember(config);

    /// <summary>Returns when the member serves its keys.</summary>
    public static async Task<EtcdServer> StartAsync(EtcdConfig config, ILogger logger, TimeProvider time, CancellationToken cancel)
    {
        // The loop holds a thread of the pool while the disk works: on two cores that is every second one, and nobody must wait for it but the loop.
        ThreadPool.GetMinThreads(out int workers, out int ports);
        ThreadPool.SetMinThreads(Math.Max(workers, MinimumThreads), ports);
        var server = new EtcdServer(logger);
        try
        {
            var plan = HasRunIn(config) ? null : await ClusterBootstrap.PlanAsync(config, cancel);
            var member = await server.OpenAsync(config, plan, time, cancel);
            server._loop = server.RunLoopAsync(member.Loop);
            await member.Loop.Recovered.WaitAsync(cancel);
            server._watching = server.WatchForRemovalAsync(member);
            var announcing = new MemberAnnouncer(member).RunAsync(server._stopping.Token);
            server._announcing = announcing;
            server._keepingSize = new ActiveSize(member).RunAsync(server._stopping.Token);
            if (!config.IsDiscoveryService)
            {
                await server._listeners.ListenAsync(
                    config.ListenPeerUrls, config.InheritedPeerSockets, config.PeerTls, "peers", new PeerHandler(member).HandleAsync, cancel);
            }

            if (Cluster.Members(member.Store.View).Length == 1)
            {
                // Nobody else is needed for it, so whoever asks first finds it done.
                await announcing.WaitAsync(cancel);
            }

            await server._listeners.ListenAsync(
                config.ListenClientUrls, config.InheritedClientSockets, config.ClientTls, "client requests",
                config.IsDiscoveryService ? new DiscoveryServiceHandler(member).HandleAsync : new ClientHandler(member).HandleAsync, cancel);
            return server;
        }
        catch (Exception failure)
        {
            await server.DisposeAsync();
            // A loop that ended names the cause; who waited for it knows only that it stopped.
            var cause = server._completion.Task.Exception?.InnerException ?? failure;
            if (cause is IOException or UnauthorizedAccessException or RaftException)
            {
                throw new EtcdStartException(cause.Message, cause);
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // So that nobody waits for an election.
        await (_member?.Loop.HandOverAsync() ?? Task.CompletedTask);
        await _stopping.CancelAsync();
        await _listeners.DisposeAsync();
        await _loop;
        await _announcing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _keepingSize.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _watching;
        await (_member?.Transport.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_snapshots?.StopAsync() ?? Task.CompletedTask);
        _walDirectory?.Dispose();
        _data?.Dispose();
        if (_completion.TrySetResult())
        {
            LogStopped(_log);
        }
    }

    /// <summary>What is on the disk decides who this is; the plan makes a new member only.</summary>
    private async Task<MemberContext> OpenAsync(EtcdConfig config, BootstrapPlan? plan, TimeProvider time, CancellationToken cancel)
    {
        _data = DataDirectory.Open(config);
        if (config.ForcesNewCluster && plan is null)
        {
            ForcedCluster.Make(_data, config, _log);
        }

        var snapshot = SnapshotFile.ReadNewest(_data.SnapshotPath) ?? StoreSnapshot.Empty;
        _walDirectory = new WalDirectory(_data.WalPath);
        var (log, content) = WriteAheadLog.Open(_walDirectory, plan?.Identity.ToString() ?? "", snapshot.Position);
        var identity = MemberIdentity.Parse(log.Writer);
        if (log.Writer.EndsWith(MemberIdentity.OfBackup, StringComparison.Ordinal))
        {
            throw new EtcdStartException(
                $"{config.EffectiveDataDirectory} is a backup, and no member of a cluster: start it with --force-new-cluster to make a new cluster of its keys");
        }

        if (content.TornFile is { } torn)
        {
            LogTorn(_log, Path.Combine(_data.WalPath, torn));
        }

        LogRecovered(_log, snapshot.View.Index, content.Entries.Count);
        if (content.Entries.Count == 0 && snapshot.Position.Index == 0)
        {
            // New, or stopped before the first entry was there.
            plan ??= await ClusterBootstrap.PlanAsync(config, cancel);
            content = Begin(plan, identity, log, content);
        }

        _member = Compose(config, identity, snapshot, log, content, time);
        if (plan is { IsJoining: true })
        {
            _member.Transport.Follow(plan.Members);
        }

        return _member;
    }

    private WalContent Begin(BootstrapPlan plan, MemberIdentity identity, WriteAheadLog log, WalContent content)
    {
        if (plan.Identity != identity)
        {
            throw new EtcdStartException(
                $"{_data!.WalPath} was begun by member {identity.Member:x} of cluster {identity.Cluster:x} and holds nothing; the flags make member {plan.Identity.Member:x} of cluster {plan.Identity.Cluster:x}: remove the data directory and start again");
        }

        if (plan.IsJoining)
        {
            return content;
        }

        var (state, entries) = plan.FirstLog;
        log.Append(state, entries);
        return content with { State = state, Entries = entries };
    }

    private MemberContext Compose(EtcdConfig config, MemberIdentity identity, StoreSnapshot snapshot, WriteAheadLog log, WalContent content, TimeProvider time)
    {
        var self = new Member(
            identity.Member, config.Name, [.. config.InitialAdvertisePeerUrls.Select(Listeners.Text)], [.. config.AdvertiseClientUrls.Select(Listeners.Text)]);
        LogIdentity(_log, config.Name, config.EffectiveDataDirectory, self.IdText, new NodeId(identity.Cluster).ToString());
        var id = new NodeId(identity.Member);
        var voters = Cluster.Voters(snapshot.View);
        int electionTicks = Math.Max(1, (int)(config.ElectionTimeout / config.HeartbeatInterval));
        var node = new RaftNode(
            new RaftConfig(id) { ElectionTicks = electionTicks, EntriesKeptBehindSnapshot = Math.Min(MaximumEntriesKept, config.SnapshotCount) }, new Random(), content.State, new SnapshotMetadata(snapshot.Position, voters), content.Entries);
        var store = new KeyStore(snapshot.View);
        var watchers = new WatcherHub(
            config.EventWindow is { } events ? EventWindow.Of(events) : EventWindow.ForMemory(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes),
            snapshot.HistoryStartsAfter,
            snapshot.History);
        var statistics = new StoreStatistics();
        var metrics = new MemberMetrics();
        var policy = new SnapshotPolicy(config.SnapshotCount, config.MaximumSnapshots, config.MaximumWals);
        _snapshots = new SnapshotKeeper(_data!.SnapshotPath, policy, snapshot.Position.Index, metrics, time, _log);
        var transport = new PeerTransport(id, identity.Cluster, config.PeerTls, config.ElectionTimeout, _snapshots.PathOf, metrics, time, _log);
        transport.Follow(Cluster.Members(snapshot.View));
        var loop = new ConsensusLoop(
            node, new LogStorage(log, content.State, _log, _stopping.Token), new EntryApplier(store, watchers, statistics), _snapshots, transport, metrics,
            new LoopTimes(config.HeartbeatInterval, config.ElectionTimeout), time, _log);
        transport.Connect(loop.TryPost);
        return new MemberContext(config, self, identity.Cluster, store, watchers, statistics, loop, time)
        {
            Log = _log,
            Metrics = metrics,
            Transport = transport,
            SnapshotDirectory = _data.SnapshotPath,
            Stopping = _stopping.Token,
        };
    }

    private async Task WatchForRemovalAsync(MemberContext member)
    {
        try
        {
            await Task.WhenAny(member.Loop.Removed, member.Transport.Removed).WaitAsync(_stopping.Token);
            // The others are to hear of it from us, too.
            await Task.Delay(TimeSpan.FromSeconds(1), member.Time, _stopping.Token);
            if (AdminConfig.IsSet(member.Store.View))
            {
                StandbyFor = [.. Cluster.Members(member.Store.View).Where(known => known.Id != member.Self.Id).SelectMany(known => known.PeerUrls)];
            }
            else
            {
                LogRemoved(_log);
            }

            _completion.TrySetResult();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // It stopped as a member.
        }
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
