using System.Collections.Immutable;

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

    public int MaximumSnapshots { get; init; } = 5;

    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan ElectionTimeout { get; init; } = TimeSpan.FromMilliseconds(1000);

    /// <summary>Origins that browsers may call from; <c>*</c> is any.</summary>
    public ImmutableArray<string> Cors { get; init; } = [];

    /// <summary>Events that <c>waitIndex</c> can go back to; null sizes it by the memory at hand.</summary>
    public int? EventWindow { get; init; }

    public string EffectiveDataDirectory => DataDirectory.Length > 0 ? DataDirectory : Name + ".etcd";
}

/// <summary>The server could not start: one line that says what, where and what to do.</summary>
public sealed class EtcdStartException(string message, Exception? inner = null) : Exception(message, inner);
