using System.Collections.Immutable;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Peers;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>Who a new member is, and who the others are.</summary>
/// <param name="IsJoining">The cluster runs already: its log will say who belongs to it.</param>
internal sealed record BootstrapPlan(MemberIdentity Identity, ImmutableArray<Member> Members, bool IsJoining)
{
    /// <summary>The log that every first member begins with.</summary>
    public (HardState State, ImmutableArray<Entry> Entries) FirstLog => Bootstrap.Of(
        [.. Members.Select(member => new MembershipRecord(default, MembershipChangeKind.AddVoter, member.Id, member.PeerUrls).ToChange())]);
}

/// <summary>Makes the plan from the settings and, where others run already, from what they say (etcd.md §5).</summary>
internal static class ClusterBootstrap
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(1);

    /// <exception cref="EtcdStartException">The settings are refused, in the original's words.</exception>
    public static async Task<BootstrapPlan> PlanAsync(EtcdConfig config, CancellationToken cancel)
    {
        InitialCluster cluster;
        try
        {
            cluster = config.InitialCluster.Length > 0
                ? InitialCluster.Parse(config.InitialCluster)
                : InitialCluster.Of(config.Name, config.InitialAdvertisePeerUrls.Select(url => url.OriginalString.TrimEnd('/')));
        }
        catch (FormatException malformed)
        {
            throw new EtcdStartException($"error setting up initial cluster: {malformed.Message}", malformed);
        }

        if (BootstrapRules.Refuse(config, cluster) is { } refusal)
        {
            throw new EtcdStartException(refusal);
        }

        var members = cluster.Members(config.InitialClusterToken);
        var self = members.Single(member => member.Name == config.Name);
        var otherUrls = members.Where(member => member != self).SelectMany(member => member.PeerUrls);
        using var remote = new RemotePeers(config.PeerTls, _patience);
        var (running, failure) = await remote.FindAsync(otherUrls, cancel);
        if (config.JoinsExistingCluster)
        {
            return Join(config, members, running, failure);
        }

        return running?.Members.Any(known => known.Id == self.Id && !known.ClientUrls.IsEmpty) == true
            ? throw HasBeenBootstrapped(self)
            : new BootstrapPlan(new MemberIdentity(self.Id, MemberIdentity.ClusterId(members.Select(member => member.Id))), members, IsJoining: false);
    }

    private static BootstrapPlan Join(EtcdConfig config, ImmutableArray<Member> configured, RemoteCluster? running, string failure)
    {
        if (running is null)
        {
            throw new EtcdStartException($"cannot fetch cluster info from peer urls: could not retrieve cluster information from the given urls ({failure})");
        }

        if (running.IsOriginal)
        {
            throw new EtcdStartException(
                "incompatible with current running cluster: it is one of original etcds, and original and this program cannot be members of one cluster; see etcd(1) for moving the keys");
        }

        var (matched, mismatch) = BootstrapRules.Match(configured, running.Members);
        if (mismatch is not null)
        {
            string known = string.Join(',', running.Members.SelectMany(member => member.PeerUrls));
            throw new EtcdStartException($"error validating peerURLs {known}: {mismatch}");
        }

        var self = matched.Single(member => member.Name == config.Name);
        // The original lets a member come back under its id with an empty disk, and so forget what it had acknowledged.
        return self.ClientUrls.IsEmpty
            ? new BootstrapPlan(new MemberIdentity(self.Id, running.ClusterId), matched, IsJoining: true)
            : throw HasBeenBootstrapped(self);
    }

    private static EtcdStartException HasBeenBootstrapped(Member self) => new(
        $"member {self.IdText} has already been bootstrapped: its data directory is not here; if it is lost, remove the member from the cluster and add it anew");
}
