using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Store;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>
/// The members and the cluster's version, kept in the store's own tree: each change is an event and counts as an index, as in etcd. The tree is also
/// who the core's voters are at a snapshot.
/// </summary>
internal static class Cluster
{
    public const string Version = "2.3.0";
    private const string VersionKey = "/version";
    private const string MembersKey = "/members/";
    private const string RemovedKey = "/removed_members/";

    /// <summary>
    /// What a started member writes that is not there yet: its attributes, and as the leader the version. With the change that made it a member these
    /// leave a fresh lone one at index 3.
    /// </summary>
    public static IEnumerable<StoreCommand> Announcements(StoreView view, Member self, bool isLeader, DateTimeOffset now)
    {
        (string Key, string Value)[] records = [($"{MembersKey}{self.IdText}/attributes", UrlsJson(self.Name, "clientURLs", self.ClientUrls)), (VersionKey, Version)];
        return records
            .Where(record => isLeader || record.Key != VersionKey)
            .Where(record => view.Cluster.Find(KeyPath.Parse(record.Key).Components)?.Value != record.Value)
            .Select(record => new StoreCommand(StoreAction.Set, record.Key, now) { Space = StoreSpace.Cluster, Value = record.Value });
    }

    /// <summary>Why a change cannot be made to the members of a view; null when it can (the original's rules, in its order).</summary>
    public static MembershipRefusal? Refuse(StoreView view, MembershipRecord change)
    {
        if (IsRemoved(view, change.Member))
        {
            return MembershipRefusal.IdRemoved;
        }

        var members = Members(view);
        bool isKnown = members.Any(member => member.Id == change.Member);
        bool isUrlTaken = members.Any(member => member.Id != change.Member && member.PeerUrls.Intersect(change.PeerUrls, StringComparer.Ordinal).Any());
        return change.Kind switch
        {
            MembershipChangeKind.AddVoter or MembershipChangeKind.AddLearner when isKnown => MembershipRefusal.IdExists,
            MembershipChangeKind.Remove or MembershipChangeKind.Update when !isKnown => MembershipRefusal.IdNotFound,
            not MembershipChangeKind.Remove when isUrlTaken => MembershipRefusal.PeerUrlExists,
            _ => null,
        };
    }

    /// <summary>The commands by which the tree follows a change.</summary>
    public static IEnumerable<StoreCommand> Commands(MembershipRecord change, DateTimeOffset now)
    {
        string id = change.Member.ToString("x", CultureInfo.InvariantCulture);
        return change.Kind == MembershipChangeKind.Remove
            ?
            [
                new(StoreAction.Delete, MembersKey + id, now) { Space = StoreSpace.Cluster, IsRecursive = true },
                new(StoreAction.Set, RemovedKey + id, now) { Space = StoreSpace.Cluster, Value = "removed" },
            ]
            : [new(StoreAction.Set, $"{MembersKey}{id}/raftAttributes", now) { Space = StoreSpace.Cluster, Value = UrlsJson(null, "peerURLs", change.PeerUrls) }];
    }

    public static string? VersionOf(StoreView view) => view.Cluster.Find(KeyPath.Parse(VersionKey).Components)?.Value;

    public static bool IsRemoved(StoreView view, ulong id) => view.Cluster.Find(["removed_members", id.ToString("x", CultureInfo.InvariantCulture)]) is not null;

    public static MemberSet Voters(StoreView view) => MemberSet.Of(Members(view).Select(member => new NodeId(member.Id)));

    /// <summary>In the order of their ids.</summary>
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
