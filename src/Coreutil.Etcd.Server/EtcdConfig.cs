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

    /// <summary>Sockets that the service manager opened; they take the place of the listen URLs.</summary>
    public ImmutableArray<int> InheritedClientSockets { get; init; } = [];

    public ImmutableArray<int> InheritedPeerSockets { get; init; } = [];

    public string EffectiveDataDirectory => DataDirectory.Length > 0 ? DataDirectory : Name + ".etcd";
}

/// <summary>The server could not start: one line that says what, where and what to do.</summary>
public sealed class EtcdStartException(string message, Exception? inner = null) : Exception(message, inner);
