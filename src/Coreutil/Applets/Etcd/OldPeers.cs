using System.Collections.Immutable;
using System.Text.Json;
using Coreutil.Etcd.Client;
using Coreutil.Etcd.Server;
using Microsoft.Extensions.Logging;

namespace Coreutil.Applets.Etcd;

/// <summary>
/// 0.4's <c>-peers</c>: a machine that starts adds itself to the running cluster, unless that has as many members as its <c>activeSize</c> says; then
/// it stands by, which here is to be a proxy.
/// </summary>
internal static partial class OldPeers
{
    /// <summary>Returns when the cluster has a place for one more, by its <c>activeSize</c>; asks every <c>syncInterval</c>.</summary>
    public static async Task WaitForPlaceAsync(EtcdConfig config, ImmutableArray<string> peers, TimeProvider time, CancellationToken cancel)
    {
        using var http = ClientOf(config, peers);
        var pause = _pause;
        for (; ; )
        {
            await Task.Delay(pause, time, cancel);
            try
            {
                var (size, interval) = await ConfigAsync(http, cancel);
                pause = interval;
                using var list = JsonDocument.Parse((await http.SendAsync(new(HttpMethod.Get, "/members"), cancel)).Body);
                if (list.RootElement.ValueKind == JsonValueKind.Array && list.RootElement.GetArrayLength() < size)
                {
                    return;
                }
            }
            catch (Exception failure) when (failure is EtcdUnavailableException or JsonException)
            {
                // Nobody of it can be asked just now.
            }
        }
    }

    private const int Attempts = 3;
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(2);

    /// <exception cref="EtcdStartException">No peer answers, or the cluster refuses.</exception>
    public static async Task<JoinPlan> JoinAsync(EtcdConfig config, ImmutableArray<string> peers, TimeProvider time, ILogger logger, CancellationToken cancel)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await TryJoinAsync(config, peers, logger, cancel);
            }
            catch (Exception failure) when (failure is EtcdUnavailableException or EtcdApiException or EtcdProtocolException or JsonException)
            {
                if (attempt == Attempts)
                {
                    throw new EtcdStartException($"cannot join the cluster via the given peers {string.Join(',', peers)}: {failure.Message}", failure);
                }

                LogRetry(logger, failure.Message);
                await Task.Delay(_pause, time, cancel);
            }
        }
    }

    private static async Task<JoinPlan> TryJoinAsync(EtcdConfig config, ImmutableArray<string> peers, ILogger logger, CancellationToken cancel)
    {
        using var peerHttp = ClientOf(config, peers);
        var clientUrls = await ClientUrlsAsync(peerHttp, cancel);
        using var clientHttp = ClientOf(config, clientUrls);
        var members = new MembersApi(clientHttp);
        var known = await members.ListAsync(cancel);
        ImmutableArray<string> own = [.. config.InitialAdvertisePeerUrls.Select(url => url.OriginalString.TrimEnd('/'))];
        if (!known.Any(member => member.PeerUrls.Intersect(own, StringComparer.Ordinal).Any()))
        {
            var (activeSize, _) = await ConfigAsync(peerHttp, cancel);
            if (known.Length >= activeSize)
            {
                LogStandby(logger, known.Length, activeSize);
                return new JoinPlan(config, [.. known.SelectMany(member => member.PeerUrls)], WaitsForPlace: true);
            }

            await members.AddAsync(own, cancel);
            known = await members.ListAsync(cancel);
        }

        // Members that have not started have no name yet; the list is matched by URLs, so any will do.
        var named = known.SelectMany(member => member.PeerUrls.Select(url =>
            $"{(own.Contains(url, StringComparer.Ordinal) ? config.Name : member.Name.Length > 0 && member.Name != config.Name ? member.Name : member.IdText)}={url}"));
        return new JoinPlan(config with { InitialCluster = string.Join(',', named), JoinsExistingCluster = true }, null);
    }

    private static EtcdHttpClient ClientOf(EtcdConfig config, ImmutableArray<string> urls) => new(new EtcdClientOptions
    {
        Endpoints = [.. urls.Select(url => new Uri(url))],
        CaFile = config.PeerTls.TrustedCaFile.Length > 0 ? config.PeerTls.TrustedCaFile : null,
        CertFile = config.PeerTls.IsEmpty ? null : config.PeerTls.CertificateFile,
        KeyFile = config.PeerTls.IsEmpty ? null : config.PeerTls.KeyFile,
        EndpointTimeout = TimeSpan.FromSeconds(10),
    });

    private static async Task<ImmutableArray<string>> ClientUrlsAsync(EtcdHttpClient peers, CancellationToken cancel)
    {
        var reply = await peers.SendAsync(new(HttpMethod.Get, "/members"), cancel);
        using var list = JsonDocument.Parse(reply.Body);
        ImmutableArray<string> urls = list.RootElement.ValueKind != JsonValueKind.Array ? [] :
        [
            .. list.RootElement.EnumerateArray()
                .SelectMany(member => member.TryGetProperty("clientURLs"u8, out var all) ? all.EnumerateArray().Select(url => url.GetString() ?? "") : [])
                .Where(url => url.Length > 0),
        ];
        return urls.IsEmpty ? throw new EtcdProtocolException($"{EtcdHttpClient.Show(reply.Endpoint)} tells no member's client URLs") : urls;
    }

    /// <summary>9 members and 5 s where a peer does not say, as 0.4's defaults.</summary>
    private static async Task<(int ActiveSize, TimeSpan SyncInterval)> ConfigAsync(EtcdHttpClient peers, CancellationToken cancel)
    {
        const int DefaultSize = 9;
        const double DefaultInterval = 5;
        var reply = await peers.SendAsync(new(HttpMethod.Get, "/v2/admin/config"), cancel);
        using var config = JsonDocument.Parse(reply.IsSuccess ? reply.Body : "{}"u8.ToArray());
        return (
            config.RootElement.TryGetProperty("activeSize"u8, out var size) && size.TryGetInt32(out int number) ? number : DefaultSize,
            TimeSpan.FromSeconds(config.RootElement.TryGetProperty("syncInterval"u8, out var interval) && interval.TryGetDouble(out double seconds) ? seconds : DefaultInterval));
    }

    [LoggerMessage(EventId = 51, Level = LogLevel.Warning, Message = "etcdmain: cannot join yet, trying again: {Cause}")]
    private static partial void LogRetry(ILogger logger, string cause);

    [LoggerMessage(EventId = 52, Level = LogLevel.Information, Message = "etcdmain: the cluster has {Count} members and its activeSize is {Size}: standing by as a proxy")]
    private static partial void LogStandby(ILogger logger, int count, int size);
}
