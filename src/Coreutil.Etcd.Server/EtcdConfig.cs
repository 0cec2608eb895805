using System.Collections.Immutable;
using Coreutil.Core.Tls;

namespace Coreutil.Etcd.Server;

/// <summary>A member's settings, as etcd 2.3's flags name them; defaults are etcd's.</summary>
public sealed record EtcdConfig
{
    public string Name { get; init; } = "default";

    /// <summary>Empty: <c>NAME.etcd</c> in the working directory.</summary>
    public string DataDirectory { get; init; } = "";

    /// <summary>Empty: <c>member/wal</c> in the data directory.</summary>
    public string WalDirectory { get; init; } = "";

    public ImmutableArray<Uri> ListenClientUrls { get; init; } = [new("http://localhost:2379"), new("http://localhost:4001")];

    public ImmutableArray<Uri> ListenPeerUrls { get; init; } = [new("http://localhost:2380"), new("http://localhost:7001")];

    public ImmutableArray<Uri> AdvertiseClientUrls { get; init; } = [new("http://localhost:2379"), new("http://localhost:4001")];

    public ImmutableArray<Uri> InitialAdvertisePeerUrls { get; init; } = [new("http://localhost:2380"), new("http://localhost:7001")];

    /// <summary><c>name=url,name=url</c>; empty means this member alone.</summary>
    public string InitialCluster { get; init; } = "";

    public string InitialClusterToken { get; init; } = "etcd-cluster";

    /// <summary><c>--initial-cluster-state existing</c>: the cluster runs, and was told of this member.</summary>
    public bool JoinsExistingCluster { get; init; }

    /// <summary>Throws the other members out of the data directory's cluster, which continues as a new one of this member alone.</summary>
    public bool ForcesNewCluster { get; init; }

    /// <summary>Whether <see cref="InitialAdvertisePeerUrls"/> were asked for, so that a forced new cluster takes them.</summary>
    public bool HasGivenPeerUrls { get; init; }

    /// <summary>Refuses a change of members that would leave the cluster without a quorum of those that run.</summary>
    public bool IsReconfigurationStrict { get; init; } = true;

    public ulong SnapshotCount { get; init; } = 10000;

    /// <summary>Snapshots kept; 0 keeps all.</summary>
    public int MaximumSnapshots { get; init; } = 5;

    /// <summary>Segments of the log kept behind a snapshot; 0 keeps all.</summary>
    public int MaximumWals { get; init; } = 5;

    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan ElectionTimeout { get; init; } = TimeSpan.FromMilliseconds(1000);

    /// <summary>Origins that browsers may call from; <c>*</c> is any.</summary>
    public ImmutableArray<string> Cors { get; init; } = [];

    /// <summary>Events that <c>waitIndex</c> can go back to; null sizes it by the memory at hand.</summary>
    public int? EventWindow { get; init; }

    /// <summary>The largest form, and so the largest value; the default is the original's.</summary>
    public int MaximumRequestBytes { get; init; } = 10 << 20;

    public int MaximumKeyBytes { get; init; } = 32 << 10;

    /// <summary>Watches at one time.</summary>
    public int MaximumWatches { get; init; } = 100_000;

    /// <summary>For <c>https://</c> of the listen URLs.</summary>
    public TlsSettings ClientTls { get; init; } = TlsSettings.None;

    public TlsSettings PeerTls { get; init; } = TlsSettings.None;

    /// <summary>A discovery service alone: it answers nothing else on its client port and has no peers.</summary>
    public bool IsDiscoveryService { get; init; }

    /// <summary>What <c>/new</c> puts before the token; null: as the client reached us.</summary>
    public Uri? DiscoveryBaseUrl { get; init; }

    public ProxySettings Proxy { get; init; } = new();

    /// <summary>Sockets that the service manager opened; they take the place of the listen URLs.</summary>
    public ImmutableArray<int> InheritedClientSockets { get; init; } = [];

    public ImmutableArray<int> InheritedPeerSockets { get; init; } = [];

    public string EffectiveDataDirectory => DataDirectory.Length > 0 ? DataDirectory : Name + ".etcd";
}

/// <summary>How a proxy looks after its endpoints; defaults are etcd's.</summary>
public sealed record ProxySettings
{
    /// <summary>Answers GET only.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>How long an endpoint that failed is passed over.</summary>
    public TimeSpan FailureWait { get; init; } = TimeSpan.FromMilliseconds(5000);

    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMilliseconds(30000);

    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromMilliseconds(1000);

    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromMilliseconds(5000);

    /// <summary>Zero: answers may take for ever, as watches do.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.Zero;
}

/// <summary>The server could not start: one line that says what, where and what to do.</summary>
public sealed class EtcdStartException(string message, Exception? inner = null) : Exception(message, inner);
