using System.Globalization;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Auth;
using Coreutil.Etcd.Server.Consensus;
using Coreutil.Etcd.Server.Metrics;
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

    public AuthStore Auth { get; } = new(Store, Loop, Time);

    public AccessCheck Access { get; } = new(new AuthStore(Store, Loop, Time), new Passwords(Time));

    /// <summary>Ends the watches when the server stops.</summary>
    public required CancellationToken Stopping { get; init; }
}
