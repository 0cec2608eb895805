using System.Globalization;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Auth;
using Coreutil.Etcd.Server.Consensus;
using Coreutil.Etcd.Server.Membership;
using Coreutil.Etcd.Server.Metrics;
using Coreutil.Etcd.Server.Peers;
using Coreutil.Etcd.Server.Store;

namespace Coreutil.Etcd.Server;

/// <summary>One running member, as its handlers see it.</summary>
internal sealed record MemberContext(
    EtcdConfig Config, Member Self, ulong ClusterId, KeyStore Store, WatcherHub Watchers, StoreStatistics Statistics, ConsensusLoop Loop, TimeProvider Time)
{
    public string ClusterIdText { get; } = ClusterId.ToString("x", CultureInfo.InvariantCulture);

    public DateTimeOffset StartTime { get; } = Time.GetUtcNow();

    public required MemberLog Log { get; init; }

    public required MemberMetrics Metrics { get; init; }

    public required PeerTransport Transport { get; init; }

    /// <summary>Where snapshots that peers send are put.</summary>
    public required string SnapshotDirectory { get; init; }

    /// <summary>The leader as the cluster knows it; null while there is none.</summary>
    public Member? Leader => Loop.Status.Leader is { } id ? Cluster.Members(Store.View).FirstOrDefault(known => known.Id == id.Value) : null;

    public AuthStore Auth { get; } = new(Store, Loop, Time);

    public AccessCheck Access { get; } = new(new AuthStore(Store, Loop, Time), new Passwords(Time));

    /// <summary>Ends the watches when the server stops.</summary>
    public required CancellationToken Stopping { get; init; }
}
