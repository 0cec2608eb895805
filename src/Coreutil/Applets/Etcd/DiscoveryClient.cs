using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;
using Coreutil.Etcd.Server.Membership;
using Microsoft.Extensions.Logging;

namespace Coreutil.Applets.Etcd;

/// <summary>The discovery service did not lead to a cluster; the messages are the original's.</summary>
internal sealed class DiscoveryException(DiscoveryFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    public DiscoveryFailure Failure => failure;
}

internal enum DiscoveryFailure
{
    Other,
    ClusterIsFull,
    DuplicateId,
    DuplicateName,
}

/// <summary>
/// Finds the members of a cluster to be under a token of a discovery service, as etcd 2 does: read the size, write oneself down, wait until as many
/// are there (etcd.md §5). Whoever wrote first, by createdIndex, is in.
/// </summary>
/// <param name="selfId">Empty for a proxy, which is no member.</param>
internal sealed partial class DiscoveryClient(IKeysApi keys, Uri url, string selfId, ILogger logger, TimeProvider time)
{
    private const string ConfigName = "_config";

    /// <summary>The original doubles for ever, and so may sleep for hours after the service has come back.</summary>
    private static readonly TimeSpan _longestPause = TimeSpan.FromMinutes(1);

    private readonly string _token = url.AbsolutePath.TrimEnd('/');
    private TimeSpan _pause = TimeSpan.FromSeconds(1);
    private bool _mayHaveRegistered;

    /// <summary>Registers, and returns the cluster as <c>name=url,…</c> when it is complete.</summary>
    public async Task<string> JoinAsync(string registration, CancellationToken cancel)
    {
        // Who comes too late need not be written down.
        await CheckAsync(cancel);
        ulong created = await RegisterAsync(registration, cancel);
        await SeeSelfAsync(created, cancel);
        return await WaitForAllAsync(cancel);
    }

    /// <summary>For a proxy: the cluster, waiting for it without being of it.</summary>
    public Task<string> ReadAsync(CancellationToken cancel) => WaitForAllAsync(cancel);

    private async Task<(ImmutableArray<KeyNode> Nodes, int Size, ulong Index)> CheckAsync(CancellationToken cancel)
    {
        var sizeKey = await PersistAsync("cluster status check", () => keys.GetAsync($"{_token}/{ConfigName}/size", new GetOptions(), cancel), cancel);
        if (!int.TryParse(sizeKey.Node.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int size))
        {
            throw new DiscoveryException(DiscoveryFailure.Other, "discovery: size key is bad");
        }

        var listed = await PersistAsync("cluster status check", () => keys.GetAsync(_token, new GetOptions(), cancel), cancel);
        ImmutableArray<KeyNode> nodes =
        [
            .. (listed.Node.Nodes.IsDefault ? [] : listed.Node.Nodes).Where(node => NameOf(node) != ConfigName).OrderBy(node => node.CreatedIndex),
        ];
        return selfId.Length > 0 && nodes.Length >= size && !nodes.Take(size).Any(node => NameOf(node) == selfId)
            ? throw new DiscoveryException(DiscoveryFailure.ClusterIsFull, "discovery: cluster is full")
            : (nodes, size, listed.EtcdIndex);
    }

    /// <summary>The createdIndex of our record.</summary>
    private async Task<ulong> RegisterAsync(string registration, CancellationToken cancel)
    {
        string key = $"{_token}/{selfId}";
        try
        {
            return (await PersistAsync("registration", () =>
            {
                _mayHaveRegistered |= _pause > TimeSpan.FromSeconds(1);
                return keys.SetAsync(key, registration, new SetOptions(PrevExist: false), cancel);
            }, cancel)).Node.CreatedIndex;
        }
        catch (EtcdException exists) when (exists.Error.Code == EtcdErrorCode.NodeExist)
        {
            // An answer of ours may have been lost on its way; only then may the record be our own.
            if (_mayHaveRegistered && await PersistAsync("registration", () => keys.GetAsync(key, new GetOptions(), cancel), cancel) is { Node: { } own } && own.Value == registration)
            {
                return own.CreatedIndex;
            }

            throw new DiscoveryException(DiscoveryFailure.DuplicateId, "discovery: found duplicate id", exists);
        }
    }

    /// <summary>The service may be a cluster whose members are not all as far: ours must know what we wrote.</summary>
    private async Task SeeSelfAsync(ulong created, CancellationToken cancel) =>
        await PersistAsync("registration", () => keys.WaitAsync($"{_token}/{selfId}", isRecursive: false, created, cancel), cancel);

    private async Task<string> WaitForAllAsync(CancellationToken cancel)
    {
        for (; ; )
        {
            var (nodes, size, index) = await CheckAsync(cancel);
            foreach (var node in nodes.Take(size))
            {
                LogFound(logger, NameOf(node) == selfId ? "self" : "peer", NameOf(node));
            }

            if (nodes.Length >= size)
            {
                LogComplete(logger, size);
                return ToCluster(nodes, size);
            }

            LogWaiting(logger, nodes.Length, size - nodes.Length);
            try
            {
                await PersistAsync("waiting for other nodes", () => keys.WaitAsync(_token, isRecursive: true, index + 1, cancel), cancel);
            }
            catch (EtcdException cleared) when (cleared.Error.Code == EtcdErrorCode.EventIndexCleared)
            {
                // Others used the service meanwhile: the list is read again, which is all the event would have led to.
            }
        }
    }

    private static string ToCluster(ImmutableArray<KeyNode> nodes, int size)
    {
        string joined = string.Join(',', nodes.Take(size).Select(node => node.Value));
        InitialCluster cluster;
        try
        {
            cluster = InitialCluster.Parse(joined);
        }
        catch (FormatException malformed)
        {
            throw new DiscoveryException(DiscoveryFailure.Other, "discovery: invalid URL", malformed);
        }

        return cluster.UrlsByName.Count == size ? joined : throw new DiscoveryException(DiscoveryFailure.DuplicateName, "discovery: found duplicate name");
    }

    private static string NameOf(KeyNode node) => node.Key[(node.Key.LastIndexOf('/') + 1)..];

    /// <summary>Asks until there is an answer: a machine may boot before the service does.</summary>
    private async Task<KeyResponse> PersistAsync(string step, Func<Task<KeyResponse>> ask, CancellationToken cancel)
    {
        for (; ; )
        {
            try
            {
                var answer = await ask();
                _pause = TimeSpan.FromSeconds(1);
                return answer;
            }
            catch (EtcdProtocolException other)
            {
                throw new DiscoveryException(DiscoveryFailure.Other, "discovery: bad discovery endpoint", other);
            }
            catch (EtcdException refused) when (refused.Error.Code is not (EtcdErrorCode.NodeExist or EtcdErrorCode.EventIndexCleared or EtcdErrorCode.RaftInternal))
            {
                throw new DiscoveryException(DiscoveryFailure.Other, refused.Error.ToString(), refused);
            }
            catch (Exception unreachable) when (unreachable is EtcdUnavailableException or EtcdException { Error.Code: EtcdErrorCode.RaftInternal })
            {
                _pause = _pause + _pause < _longestPause ? _pause + _pause : _longestPause;
                LogUnreachable(logger, unreachable.Message);
                LogRetry(logger, step, url.GetLeftPart(UriPartial.Authority), $"{_pause.TotalSeconds}s");
                await Task.Delay(_pause, time, cancel);
            }
        }
    }

    [LoggerMessage(EventId = 40, Level = LogLevel.Information, Message = "discovery: found {Who} {Id} in the cluster")]
    private static partial void LogFound(ILogger logger, string who, string id);

    [LoggerMessage(EventId = 41, Level = LogLevel.Information, Message = "discovery: found {Count} peer(s), waiting for {Missing} more")]
    private static partial void LogWaiting(ILogger logger, int count, int missing);

    [LoggerMessage(EventId = 42, Level = LogLevel.Information, Message = "discovery: found {Size} needed peer(s)")]
    private static partial void LogComplete(ILogger logger, int size);

    [LoggerMessage(EventId = 43, Level = LogLevel.Error, Message = "discovery: {Cause}")]
    private static partial void LogUnreachable(ILogger logger, string cause);

    [LoggerMessage(EventId = 44, Level = LogLevel.Information, Message = "discovery: {Step}: error connecting to {Url}, retrying in {Pause}")]
    private static partial void LogRetry(ILogger logger, string step, string url, string pause);
}
