using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using Coreutil.Core.Tls;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Http;

namespace Coreutil.Etcd.Server.Peers;

/// <summary>What a peer says of its cluster.</summary>
/// <param name="IsOriginal">It is an original etcd's.</param>
internal sealed record RemoteCluster(ulong ClusterId, ImmutableArray<Member> Members, bool IsOriginal);

/// <summary>Asks peers for their cluster (<c>GET /members</c> on the peer port), before this member is one of them.</summary>
internal sealed class RemotePeers(TlsSettings tls, TimeSpan patience) : IDisposable
{
    private readonly HttpClient _http = new(PeerHttp.CreateHandler(tls, patience)) { Timeout = patience };

    /// <summary>The answer of the first that gives one; null when none does, with what the last one said.</summary>
    public async Task<(RemoteCluster? Cluster, string Failure)> FindAsync(IEnumerable<string> peerUrls, CancellationToken cancel)
    {
        string failure = "no peers are known";
        foreach (string url in peerUrls)
        {
            try
            {
                using var reply = await _http.GetAsync(new Uri($"{url.TrimEnd('/')}/members"), cancel);
                if (reply.IsSuccessStatusCode && await ReadAsync(reply, cancel) is { } cluster)
                {
                    return (cluster, "");
                }

                failure = $"{url} answers {(int)reply.StatusCode} to /members: it is no peer of an etcd 2 cluster";
            }
            catch (Exception unreachable) when (unreachable is HttpRequestException or IOException or JsonException
                || (unreachable is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                failure = $"{url}: {((unreachable.GetBaseException() as SocketException)?.Message ?? (unreachable is OperationCanceledException ? "no answer in time" : unreachable.Message))}";
            }
        }

        return (null, failure);
    }

    public void Dispose() => _http.Dispose();

    private static async Task<RemoteCluster?> ReadAsync(HttpResponseMessage reply, CancellationToken cancel)
    {
        if (!reply.Headers.TryGetValues("X-Etcd-Cluster-Id", out var ids)
            || !ulong.TryParse(ids.First(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id))
        {
            return null;
        }

        using var body = JsonDocument.Parse(await reply.Content.ReadAsByteArrayAsync(cancel));
        return body.RootElement.ValueKind == JsonValueKind.Array
            ? new RemoteCluster(id, [.. body.RootElement.EnumerateArray().Where(member => member.ValueKind == JsonValueKind.Object).Select(Read)], !reply.Headers.Contains(PeerHeaders.Wire))
            : null;
    }

    private static Member Read(JsonElement member) => new(
        JsonBody.Member(member, "id")?.GetUInt64() ?? 0, JsonBody.Text(member, "name"), Urls(member, "peerURLs"), Urls(member, "clientURLs"));

    private static ImmutableArray<string> Urls(JsonElement member, string name) => JsonBody.Texts(member, name) is { IsDefault: false } urls ? urls : [];
}
