using System.Collections.Immutable;
using System.Text.Json;
using Coreutil.Core.Files;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Http;
using Coreutil.Etcd.Server.Peers;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Proxy;

/// <summary>
/// A proxy that serves: it has no data but the peers it knows (<c>proxy/cluster</c> in its data directory), which it asks now and then for the
/// client URLs to pass requests on to.
/// </summary>
public sealed partial class EtcdProxy : IAsyncDisposable
{
    private static readonly TimeSpan _impatientInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _defaultInterval = TimeSpan.FromSeconds(30);
    private readonly CancellationTokenSource _stopping = new();
    private readonly EtcdConfig _config;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Listeners _listeners;
    private readonly ProxyEndpoints _endpoints;
    private readonly HttpMessageInvoker _http;
    private readonly RemotePeers _remote;
    private ImmutableArray<string> _peerUrls;
    private Task _refreshing = Task.CompletedTask;

    private EtcdProxy(EtcdConfig config, ImmutableArray<string> peerUrls, ILogger logger, TimeProvider time)
    {
        (_config, _peerUrls, _log, _time) = (config, peerUrls, logger, time);
        _listeners = new Listeners(logger);
        _endpoints = new ProxyEndpoints(config.Proxy.FailureWait, time, new Random());
        _http = new HttpMessageInvoker(PeerHttp.CreateHandler(config.PeerTls, config.Proxy.DialTimeout));
        _remote = new RemotePeers(config.PeerTls, config.Proxy.DialTimeout + config.Proxy.WriteTimeout);
    }

    /// <summary>Whether a proxy ran in this data directory before: the peers it knew then count, not the flags.</summary>
    public static bool HasRunIn(EtcdConfig config) => Directory.Exists(Path.Combine(config.EffectiveDataDirectory, "proxy"));

    /// <param name="peerUrls">Those to begin with, unless the data directory knows better.</param>
    public static async Task<EtcdProxy> StartAsync(
        EtcdConfig config, ImmutableArray<string> peerUrls, ILogger logger, TimeProvider time, CancellationToken cancel)
    {
        string file = ClusterFile(config);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            if (File.Exists(file))
            {
                peerUrls = Read(await File.ReadAllBytesAsync(file, cancel), file);
                LogPeersOfFile(logger, string.Join(' ', peerUrls), file);
            }
            else
            {
                LogPeers(logger, string.Join(' ', peerUrls));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new EtcdStartException($"cannot use the data directory {config.EffectiveDataDirectory} for a proxy: {failure.Message}", failure);
        }

        var proxy = new EtcdProxy(config, peerUrls, logger, time);
        try
        {
            await proxy.RefreshAsync(cancel);
            proxy._refreshing = proxy.KeepRefreshedAsync();
            var handler = new ReverseProxy(config, proxy._endpoints, proxy._http, new ProxyMetrics(), time, logger);
            await proxy._listeners.ListenAsync(
                config.ListenClientUrls, config.InheritedClientSockets, config.ClientTls, "client requests (proxy)", handler.HandleAsync, cancel);
            return proxy;
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _refreshing;
        await _listeners.DisposeAsync();
        _http.Dispose();
        _remote.Dispose();
    }

    private static string ClusterFile(EtcdConfig config) => Path.Combine(config.EffectiveDataDirectory, "proxy", "cluster");

    private async Task KeepRefreshedAsync()
    {
        try
        {
            for (; ; )
            {
                bool isImpatient = _endpoints.Available.IsEmpty && _config.Proxy.RefreshInterval >= _defaultInterval;
                await Task.Delay(isImpatient ? _impatientInterval : _config.Proxy.RefreshInterval, _time, _stopping.Token);
                await RefreshAsync(_stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The ordinary end.
        }
    }

    private async Task RefreshAsync(CancellationToken cancel)
    {
        var (cluster, failure) = await _remote.FindAsync(_peerUrls, cancel);
        if (cluster is null)
        {
            // The peers may be down and the members' client ports not: what was known goes on to be tried.
            LogNoPeers(_log, failure);
            return;
        }

        if (_endpoints.Replace(cluster.Members.SelectMany(member => member.ClientUrls)))
        {
            LogEndpoints(_log, string.Join(' ', _endpoints.Available));
        }

        ImmutableArray<string> found = [.. cluster.Members.SelectMany(member => member.PeerUrls).Order(StringComparer.Ordinal)];
        if (found.IsEmpty)
        {
            return;
        }

        if (!found.SequenceEqual(_peerUrls, StringComparer.Ordinal))
        {
            LogPeersChanged(_log, string.Join(' ', _peerUrls), string.Join(' ', found));
        }

        _peerUrls = found;
        try
        {
            AtomicFile.Write(ClusterFile(_config), EtcdJson.Write(writer =>
            {
                writer.WriteStartObject();
                Member.WriteUrls(writer, "PeerURLs", found);
                writer.WriteEndObject();
            }));
        }
        catch (Exception unwritten) when (unwritten is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(_log, unwritten.Message);
        }
    }

    private static ImmutableArray<string> Read(byte[] bytes, string file)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return [.. document.RootElement.GetProperty("PeerURLs").EnumerateArray().Select(url => url.GetString() ?? "")];
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new EtcdStartException($"{file} is no list of peers ({malformed.Message}): remove it, and the flags decide again", malformed);
        }
    }

    [LoggerMessage(EventId = 70, Level = LogLevel.Information, Message = "proxy: using peer urls [{Urls}] from cluster file {File}")]
    private static partial void LogPeersOfFile(ILogger logger, string urls, string file);

    [LoggerMessage(EventId = 71, Level = LogLevel.Information, Message = "proxy: using peer urls [{Urls}]")]
    private static partial void LogPeers(ILogger logger, string urls);

    [LoggerMessage(EventId = 72, Level = LogLevel.Warning, Message = "proxy: could not get cluster information from the peers: {Failure}")]
    private static partial void LogNoPeers(ILogger logger, string failure);

    [LoggerMessage(EventId = 73, Level = LogLevel.Information, Message = "proxy: endpoints found [{Urls}]")]
    private static partial void LogEndpoints(ILogger logger, string urls);

    [LoggerMessage(EventId = 74, Level = LogLevel.Information, Message = "proxy: updated peer urls in cluster file from [{Before}] to [{After}]")]
    private static partial void LogPeersChanged(ILogger logger, string before, string after);

    [LoggerMessage(EventId = 75, Level = LogLevel.Warning, Message = "proxy: error on writing urls {Cause}")]
    private static partial void LogNotWritten(ILogger logger, string cause);
}
