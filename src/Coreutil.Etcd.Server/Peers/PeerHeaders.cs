using System.Globalization;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Peers;

/// <summary>What members tell of themselves with each request to another's peer port.</summary>
internal static class PeerHeaders
{
    public const string Cluster = "X-Etcd-Cluster-Id";
    public const string From = "X-Server-From";
    public const string To = "X-Raft-To";
    public const string Wire = "X-Coreutil-Wire";

    /// <summary>The sender's clock in UTC ticks.</summary>
    public const string Time = "X-Coreutil-Time";

    public const string StreamPath = "/coreutil/stream/";
    public const string SnapshotPath = "/coreutil/snapshot";

    public static string WireText { get; } = MessageCodec.WireVersion.ToString(CultureInfo.InvariantCulture);

    public static ulong? ParseId(string? text) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id) ? id : null;

    public static HttpRequestMessage Request(HttpMethod method, string url, ulong cluster, NodeId from, NodeId to)
    {
        var request = new HttpRequestMessage(method, new Uri(url)) { Version = new Version(1, 1) };
        request.Headers.Add(Cluster, new NodeId(cluster).ToString());
        request.Headers.Add(From, from.ToString());
        request.Headers.Add(To, to.ToString());
        request.Headers.Add(Wire, WireText);
        return request;
    }
}
