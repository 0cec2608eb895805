using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>What a new member checks of its settings before it makes a data directory (etcd.md §5), with the original's words.</summary>
internal static class BootstrapRules
{
    /// <summary>The line that refuses the settings; null when they are sound.</summary>
    public static string? Refuse(EtcdConfig config, InitialCluster cluster)
    {
        if (!cluster.UrlsByName.TryGetValue(config.Name, out var own))
        {
            return $"couldn't find local name \"{config.Name}\" in the initial cluster configuration";
        }

        string[] advertised = [.. config.InitialAdvertisePeerUrls.Select(url => url.OriginalString.TrimEnd('/'))];
        if (!config.JoinsExistingCluster && !AreSame(own, advertised))
        {
            return $"--initial-cluster must include {InitialCluster.Of(config.Name, advertised)} given --initial-advertise-peer-urls={string.Join(',', advertised)}";
        }

        if (cluster.HasDuplicateUrl)
        {
            return $"initial cluster {cluster} has duplicate url";
        }

        return cluster.Members(config.InitialClusterToken) is var members && members.Select(member => member.Id).Distinct().Count() < members.Length
            ? $"member exists with identical ID in {cluster}"
            : null;
    }

    /// <summary>
    /// Gives the configured members of a cluster that runs the ids they have there: found by their URLs, all of them, and no more. The refusal is the
    /// original's.
    /// </summary>
    public static (ImmutableArray<Member> Members, string? Refusal) Match(ImmutableArray<Member> configured, ImmutableArray<Member> running)
    {
        if (configured.Length != running.Length)
        {
            return ([], "member count is unequal");
        }

        var matched = ImmutableArray.CreateBuilder<Member>(configured.Length);
        foreach (var (ours, theirs) in ByUrls(configured).Zip(ByUrls(running)))
        {
            if (!AreSame(ours.PeerUrls, theirs.PeerUrls))
            {
                return ([], "unmatched member while checking PeerURLs");
            }

            matched.Add(theirs with { Name = ours.Name });
        }

        return (matched.ToImmutable(), null);
    }

    private static IEnumerable<Member> ByUrls(ImmutableArray<Member> members) =>
        members.OrderBy(member => string.Join(',', member.PeerUrls.Select(Resolved).Order(StringComparer.Ordinal)), StringComparer.Ordinal);

    /// <summary>As texts, or by the addresses their hosts resolve to.</summary>
    private static bool AreSame(IEnumerable<string> some, IEnumerable<string> others)
    {
        string[] left = [.. some.Order(StringComparer.Ordinal)];
        string[] right = [.. others.Order(StringComparer.Ordinal)];
        return left.SequenceEqual(right, StringComparer.Ordinal)
            || left.Select(Resolved).Order(StringComparer.Ordinal).SequenceEqual(right.Select(Resolved).Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    private static string Resolved(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || IPAddress.TryParse(url.DnsSafeHost, out _))
        {
            return text;
        }

        try
        {
            var address = Dns.GetHostAddresses(url.DnsSafeHost).OrderBy(found => found.AddressFamily).FirstOrDefault();
            return address is null ? text : $"{url.Scheme}://{new IPEndPoint(address, url.Port)}";
        }
        catch (SocketException)
        {
            return text;
        }
    }
}
