using System.Net;
using System.Net.Sockets;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Consensus;
using Coreutil.Etcd.Server.Http;
using Coreutil.Etcd.Server.Membership;
using Coreutil.Etcd.Server.Peers;
using Coreutil.Etcd.Server.Store;
using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server;

/// <summary>A member that serves: opened by <see cref="StartAsync"/>, stopped by disposing it. Several may live in one process.</summary>
public sealed partial class EtcdServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<WebApplication> _listeners = [];
    private readonly MemberLog _log;
    private DataDirectory? _data;
    private WalDirectory? _walDirectory;
    private SnapshotKeeper? _snapshots;
    private Task _loop = Task.CompletedTask;

    private EtcdServer(ILogger logger) => _log = new MemberLog(logger);

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
            foreach (var command in Cluster.Announcements(member.Store.View, member.Self, time.GetUtcNow()).ToArray())
            {
                await member.Loop.ProposeAsync(command, cancel);
            }

            await server.ListenAsync(config.ListenPeerUrls, "peers", new PeerHandler(member).HandleAsync, cancel);
            await server.ListenAsync(config.ListenClientUrls, "client requests", new ClientHandler(member).HandleAsync, cancel);
            return server;
        }
        catch (Exception failure)
        {
            await server.DisposeAsync();
            if (failure is IOException or UnauthorizedAccessException)
            {
                throw new EtcdStartException(failure.Message, failure);
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        foreach (var listener in _listeners)
        {
            await listener.StopAsync(CancellationToken.None);
            await listener.DisposeAsync();
        }

        _listeners.Clear();
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
        if (BootstrapRules.Refuse(config) is { } refusal)
        {
            throw new EtcdStartException(refusal);
        }

        _data = DataDirectory.Open(config.EffectiveDataDirectory, config.WalDirectory);
        var (covered, view) = SnapshotFile.ReadNewest(_data.SnapshotPath) ?? (default, StoreView.Empty);
        _walDirectory = new WalDirectory(_data.WalPath);
        string[] peerUrls = [.. config.InitialAdvertisePeerUrls.Select(Text)];
        ulong newId = Cluster.MemberId(peerUrls, config.InitialClusterToken);
        var (log, content) = WriteAheadLog.Open(_walDirectory, new MemberIdentity(newId, Cluster.ClusterId([newId])).ToString(), covered.Index);
        // As in etcd, what a member was born with stays: flags of a later start move neither its identity nor its cluster's.
        var identity = MemberIdentity.Parse(content.Writer);
        var self = new Member(identity.MemberId, config.Name, [.. peerUrls], [.. config.AdvertiseClientUrls.Select(Text)]);
        var id = new NodeId(self.Id);
        LogIdentity(_log, config.Name, config.EffectiveDataDirectory, self.IdText, new NodeId(identity.ClusterId).ToString());
        if (content.TornFile is { } torn)
        {
            LogTorn(_log, Path.Combine(_data.WalPath, torn));
        }

        LogRecovered(_log, view.Index, content.Entries.Count);
        var entries = new RaftLog(covered);
        foreach (var entry in content.Entries)
        {
            entries.Append(entry);
        }

        int electionTicks = Math.Max(1, (int)(config.ElectionTimeout / config.HeartbeatInterval));
        var node = new RaftNode(new RaftConfig(id, [id], electionTicks), content.State, entries, covered.Index);
        var store = new KeyStore(view);
        var watchers = new WatcherHub(config.EventWindow ?? EventWindowFor(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes), view.Index);
        var statistics = new StoreStatistics();
        _snapshots = new SnapshotKeeper(_data.SnapshotPath, config.SnapshotCount, config.MaximumSnapshots, covered.Index);
        var loop = new ConsensusLoop(
            node, log, store, new EntryApplier(store, watchers, statistics), _snapshots, covered.Index, time, config.HeartbeatInterval);
        return new MemberContext(config, self, identity.ClusterId, store, watchers, statistics, loop, time) { Log = _log, Stopping = _stopping.Token };
    }

    /// <summary>An event for every 64 KiB of memory, never fewer than etcd's 1000.</summary>
    internal static int EventWindowFor(long memoryBytes) => (int)Math.Clamp(memoryBytes >> 16, 1000, 50_000);

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

    private async Task ListenAsync(IEnumerable<Uri> urls, string purpose, Microsoft.AspNetCore.Http.RequestDelegate handler, CancellationToken cancel)
    {
        foreach (var url in urls)
        {
            if (url.Scheme != Uri.UriSchemeHttp)
            {
                throw new EtcdStartException($"cannot listen on {url}: only http:// is built yet");
            }

            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(options => Configure(options, url));
            var listener = builder.Build();
            listener.Run(handler);
            try
            {
                await listener.StartAsync(cancel);
            }
            catch (Exception failure) when (failure is IOException or SocketException)
            {
                await listener.DisposeAsync();
                string cause = (failure.GetBaseException() as SocketException)?.Message ?? failure.Message;
                throw new EtcdStartException($"cannot listen on {Text(url)} for {purpose}: {cause}", failure);
            }

            _listeners.Add(listener);
            LogListening(_log, purpose, Text(url));
        }
    }

    private static void Configure(KestrelServerOptions options, Uri url)
    {
        options.AddServerHeader = false;
        // The forms have their own limit and its own answer; Go takes a megabyte of headers, the request line with them.
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MaxRequestLineSize = 1 << 20;
        options.Limits.MaxRequestHeadersTotalSize = 1 << 20;
        options.Limits.MaxRequestBufferSize = 2 << 20;
        if (url.Host == "localhost")
        {
            options.ListenLocalhost(url.Port);
        }
        else if (IPAddress.TryParse(url.DnsSafeHost, out var address))
        {
            options.Listen(address, url.Port);
        }
        else
        {
            options.Listen(Dns.GetHostAddresses(url.DnsSafeHost)[0], url.Port);
        }
    }

    /// <summary>As it was given: no slash is added behind the port.</summary>
    private static string Text(Uri url) => url.OriginalString.TrimEnd('/');
}
