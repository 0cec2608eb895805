using System.Collections.Immutable;
using Coreutil.Core.Net;
using Coreutil.Etcd.Client;
using Coreutil.Etcd.Server;
using Coreutil.Etcd.Server.Membership;
using Microsoft.Extensions.Logging;

namespace Coreutil.Applets.Etcd;

/// <summary>What a start without a data directory comes to: a member with an initial cluster, or a proxy to these peers.</summary>
/// <param name="WaitsForPlace">The proxy is 0.4's standby: it becomes a member when the cluster has a place.</param>
internal sealed record JoinPlan(EtcdConfig Config, ImmutableArray<string>? ProxyTo, bool WaitsForPlace = false);

/// <summary>Asks whoever the flags name who the cluster is: a discovery service, DNS, the peers of old.</summary>
internal static partial class ClusterJoin
{
    /// <exception cref="EtcdStartException">There is no way in; the message is the original's.</exception>
    public static async Task<JoinPlan> ResolveAsync(EtcdConfig config, Joining joining, TimeProvider time, ILogger logger, CancellationToken cancel)
    {
        string ownUrls = InitialCluster.Of(config.Name, config.InitialAdvertisePeerUrls.Select(url => url.OriginalString.TrimEnd('/'))).ToString();
        try
        {
            if (joining.DiscoveryUrl.Length > 0)
            {
                return await DiscoverAsync(config with { InitialCluster = ownUrls, InitialClusterToken = joining.DiscoveryUrl }, joining, time, logger, cancel);
            }

            if (joining.SrvDomain.Length > 0)
            {
                config = config with
                {
                    InitialCluster = await ServerSrvDiscovery.FindAsync(
                        SrvResolver.OfSystem(time), joining.SrvDomain, config.Name, config.InitialAdvertisePeerUrls, logger, cancel),
                };
            }
            else if (!joining.Peers.IsEmpty && !joining.IsProxy)
            {
                return await OldPeers.JoinAsync(config, joining.Peers, time, logger, cancel);
            }

            config = config.InitialCluster.Length > 0 ? config : config with { InitialCluster = ownUrls };
            var listed = InitialCluster.Parse(config.InitialCluster).UrlsByName.Values.SelectMany(urls => urls);
            return new JoinPlan(config, joining.IsProxy ? [.. joining.Peers.IsEmpty ? listed : joining.Peers] : null);
        }
        catch (Exception failure) when (failure is SrvLookupException or FormatException)
        {
            throw new EtcdStartException($"error setting up initial cluster: {failure.Message}", failure);
        }
    }

    private static async Task<JoinPlan> DiscoverAsync(EtcdConfig config, Joining joining, TimeProvider time, ILogger logger, CancellationToken cancel)
    {
        var url = new Uri(joining.DiscoveryUrl);
        using var http = new EtcdHttpClient(new EtcdClientOptions
        {
            Endpoints = [new Uri(url.GetLeftPart(UriPartial.Authority))],
            Proxy = joining.DiscoveryProxy,
            EndpointTimeout = TimeSpan.FromSeconds(5),
        });
        var keys = new KeysApi(http, prefix: "");
        if (!joining.IsProxy)
        {
            var self = InitialCluster.Parse(config.InitialCluster).Members(config.InitialClusterToken)[0];
            try
            {
                string cluster = await new DiscoveryClient(keys, url, self.IdText, logger, time).JoinAsync(config.InitialCluster, cancel);
                return InitialCluster.Parse(cluster) is { HasDuplicateUrl: true }
                    ? throw new EtcdStartException($"discovery cluster {cluster} has duplicate url")
                    : new JoinPlan(config with { InitialCluster = cluster }, null);
            }
            catch (DiscoveryException full) when (full.Failure == DiscoveryFailure.ClusterIsFull && joining.FallsBackToProxy)
            {
                LogFull(logger);
            }
            catch (DiscoveryException failure)
            {
                Explain(config, joining, logger, failure);
                throw new EtcdStartException($"failed to join discovery cluster ({failure.Message})", failure);
            }
        }

        try
        {
            string cluster = await new DiscoveryClient(keys, url, selfId: "", logger, time).ReadAsync(cancel);
            return new JoinPlan(config, [.. InitialCluster.Parse(cluster).UrlsByName.Values.SelectMany(urls => urls)]);
        }
        catch (DiscoveryException failure)
        {
            throw new EtcdStartException(failure.Message, failure);
        }
    }

    private static void Explain(EtcdConfig config, Joining joining, ILogger logger, DiscoveryException failure)
    {
        switch (failure.Failure)
        {
            case DiscoveryFailure.DuplicateId:
                LogDuplicateId(logger, config.Name, joining.DiscoveryUrl, config.EffectiveDataDirectory);
                break;
            case DiscoveryFailure.DuplicateName:
                LogDuplicateName(logger, joining.DiscoveryUrl);
                break;
            default:
                LogTokenUsed(logger, joining.DiscoveryUrl);
                break;
        }
    }

    [LoggerMessage(EventId = 47, Level = LogLevel.Information, Message = "etcdmain: discovery cluster full, falling back to proxy")]
    private static partial void LogFull(ILogger logger);

    [LoggerMessage(EventId = 48, Level = LogLevel.Error, Message = "etcdmain: member \"{Name}\" has previously registered with discovery service token ({Url}). But etcd could not find valid cluster configuration in the given data dir ({Directory}). Please check the given data dir path if the previous bootstrap succeeded or use a new discovery token if the previous bootstrap failed.")]
    private static partial void LogDuplicateId(ILogger logger, string name, string url, string directory);

    [LoggerMessage(EventId = 49, Level = LogLevel.Error, Message = "etcdmain: member with duplicated name has registered with discovery service token({Url}). please check (cURL) the discovery token for more information. please do not reuse the discovery token and generate a new one to bootstrap the cluster.")]
    private static partial void LogDuplicateName(ILogger logger, string url);

    [LoggerMessage(EventId = 50, Level = LogLevel.Information, Message = "etcdmain: discovery token {Url} was used, but failed to bootstrap the cluster. please generate a new discovery token and try to bootstrap again.")]
    private static partial void LogTokenUsed(ILogger logger, string url);
}
