using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Store;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>The members and the cluster's version, kept in the store's own tree: each change is an event and counts as an index, as in etcd.</summary>
internal static class Cluster
{
    public const string Version = "2.3.0";
    private const string VersionKey = "/version";

    /// <summary>
    /// What a started member writes that is not there yet: itself, its attributes, the version. On an empty store these are the three
    /// events that leave a fresh member at index 3.
    /// </summary>
    public static IEnumerable<StoreCommand> Announcements(StoreView view, Member self, DateTimeOffset now)
    {
        string key = "/members/" + self.IdText;
        // The peer URLs are the cluster's to change once the member is known (PUT /v2/members/ID), not the flags'.
        return new (string Key, string Value, bool IsFixed)[]
        {
            ($"{key}/raftAttributes", UrlsJson(null, "peerURLs", self.PeerUrls), true),
            ($"{key}/attributes", UrlsJson(self.Name, "clientURLs", self.ClientUrls), false),
            (VersionKey, Version, false),
        }
        .Where(record => view.Cluster.Find(KeyPath.Parse(record.Key).Components)?.Value is not { } known || (known != record.Value && !record.IsFixed))
        .Select(record => new StoreCommand(StoreAction.Set, record.Key, now) { Space = StoreSpace.Cluster, Value = record.Value });
    }

    /// <summary>The command that gives a member other peer URLs.</summary>
    public static StoreCommand PeerUrlsOf(ulong id, ImmutableArray<string> peerUrls, DateTimeOffset now) =>
        new(StoreAction.Set, $"/members/{id:x}/raftAttributes", now) { Space = StoreSpace.Cluster, Value = UrlsJson(null, "peerURLs", peerUrls) };

    public static string? VersionOf(StoreView view) => view.Cluster.Find(KeyPath.Parse(VersionKey).Components)?.Value;

    public static ImmutableArray<Member> Members(StoreView view) =>
        view.Cluster.Find(["members"])?.Children is not { } members
            ? []
            : [.. members.Select(member => Read(member.Key, member.Value)).OrderBy(member => member.Id)];

    private static Member Read(string id, StoreNode node)
    {
        using var raft = JsonDocument.Parse(node.Find(["raftAttributes"])?.Value ?? "{}");
        using var attributes = JsonDocument.Parse(node.Find(["attributes"])?.Value ?? "{}");
        return new Member(
            ulong.Parse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
            attributes.RootElement.TryGetProperty("name", out var name) ? name.GetString() ?? "" : "",
            Urls(raft, "peerURLs"),
            Urls(attributes, "clientURLs"));
    }

    private static ImmutableArray<string> Urls(JsonDocument document, string name) =>
        document.RootElement.TryGetProperty(name, out var urls) ? [.. urls.EnumerateArray().Select(url => url.GetString() ?? "")] : [];

    private static string UrlsJson(string? name, string property, ImmutableArray<string> urls) =>
        Encoding.UTF8.GetString(EtcdJson.Write(writer =>
        {
            writer.WriteStartObject();
            if (name is not null)
            {
                writer.WriteString("name"u8, name);
            }

            Member.WriteUrls(writer, property, urls);
            writer.WriteEndObject();
        }));
}
