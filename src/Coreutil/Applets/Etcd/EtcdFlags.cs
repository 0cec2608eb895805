using System.Collections.Immutable;

namespace Coreutil.Applets.Etcd;

/// <summary>The flags of etcd 2.3 with their defaults, 0.4's spellings, and our own few (etcd.md §4).</summary>
internal static class EtcdFlags
{
    private const string PeerUrls = "http://localhost:2380,http://localhost:7001";
    private const string ClientUrls = "http://localhost:2379,http://localhost:4001";
    private const EtcdFlagKind Number = EtcdFlagKind.Number;
    private const EtcdFlagKind Boolean = EtcdFlagKind.Boolean;

    public static ImmutableArray<EtcdFlag> Shown { get; } =
    [
        new("member", "name", "default", "human-readable name for this member."),
        new("member", "data-dir", "${name}.etcd", "path to the data directory."),
        new("member", "wal-dir", "", "path to the dedicated wal directory."),
        new("member", "snapshot-count", "10000", "number of committed transactions to trigger a snapshot to disk.", Number),
        new("member", "heartbeat-interval", "100", "time (in milliseconds) of a heartbeat interval.", Number),
        new("member", "election-timeout", "1000", "time (in milliseconds) for an election to timeout.", Number),
        new("member", "listen-peer-urls", PeerUrls, "list of URLs to listen on for peer traffic."),
        new("member", "listen-client-urls", ClientUrls, "list of URLs to listen on for client traffic."),
        new("member", "max-snapshots", "5", "maximum number of snapshot files to retain (0 is unlimited).", Number),
        new("member", "max-wals", "5", "maximum number of wal files to retain (0 is unlimited).", Number),
        new("member", "cors", "", "comma-separated whitelist of origins for CORS (cross-origin resource sharing)."),
        new("member", "event-window", "by memory", "events that waitIndex can go back to (not in the original, which keeps 1000).", Number),
        new("limits", "max-request-bytes", "10485760", "largest request body, and so the largest value (not in the original).", Number),
        new("limits", "max-key-bytes", "32768", "longest key (not in the original).", Number),
        new("limits", "max-watches", "100000", "watches at one time (not in the original).", Number),
        new("clustering", "initial-advertise-peer-urls", PeerUrls, "list of this member's peer URLs to advertise to the rest of the cluster."),
        new("clustering", "initial-cluster", "", "initial cluster configuration for bootstrapping; follows the name and the advertised peer URLs."),
        new("clustering", "initial-cluster-state", "new", "initial cluster state ('new' or 'existing')."),
        new("clustering", "initial-cluster-token", "etcd-cluster", "initial cluster token for the etcd cluster during bootstrap."),
        new("clustering", "advertise-client-urls", ClientUrls, "list of this member's client URLs to advertise to the public."),
        new("clustering", "discovery", "", "discovery URL used to bootstrap the cluster."),
        new("clustering", "discovery-fallback", "proxy", "expected behavior ('exit' or 'proxy') when discovery services fails."),
        new("clustering", "discovery-proxy", "", "HTTP proxy to use for traffic to discovery service."),
        new("clustering", "discovery-srv", "", "dns srv domain used to bootstrap the cluster."),
        new("clustering", "strict-reconfig-check", "true", "reject reconfiguration requests that would cause quorum loss.", Boolean),
        new("proxy", "proxy", "off", "proxy mode setting ('off', 'readonly' or 'on')."),
        new("proxy", "proxy-failure-wait", "5000", "time (in milliseconds) an endpoint will be held in a failed state.", Number),
        new("proxy", "proxy-refresh-interval", "30000", "time (in milliseconds) of the endpoints refresh interval.", Number),
        new("proxy", "proxy-dial-timeout", "1000", "time (in milliseconds) for a dial to timeout.", Number),
        new("proxy", "proxy-write-timeout", "5000", "time (in milliseconds) for a write to timeout.", Number),
        new("proxy", "proxy-read-timeout", "0", "time (in milliseconds) for a read to timeout.", Number),
        new("security", "ca-file", "", "path to the client server TLS CA file."),
        new("security", "cert-file", "", "path to the client server TLS cert file."),
        new("security", "key-file", "", "path to the client server TLS key file."),
        new("security", "client-cert-auth", "false", "enable client cert authentication.", Boolean),
        new("security", "trusted-ca-file", "", "path to the client server TLS trusted CA key file."),
        new("security", "peer-ca-file", "", "path to the peer server TLS CA file."),
        new("security", "peer-cert-file", "", "path to the peer server TLS cert file."),
        new("security", "peer-key-file", "", "path to the peer server TLS key file."),
        new("security", "peer-client-cert-auth", "false", "enable peer client cert authentication.", Boolean),
        new("security", "peer-trusted-ca-file", "", "path to the peer server TLS trusted CA file."),
        new("logging", "debug", "false", "enable debug-level logging.", Boolean),
        new("logging", "log-package-levels", "", "accepted; one level holds for all."),
        new("unsafe", "force-new-cluster", "false", "force to create a new one-member cluster.", Boolean),
        new("experimental", "experimental-v3demo", "false", "accepted and ignored.", Boolean),
        new("experimental", "experimental-gRPC-addr", "", "accepted and ignored."),
        new("experimental", "experimental-auto-compaction-retention", "0", "accepted and ignored.", Number),
        new("profiling", "enable-pprof", "false", "accepted and ignored.", Boolean),
    ];

    /// <summary>0.4's spellings that have effect: each stands for a newer flag, and both may not be given.</summary>
    public static ImmutableArray<(EtcdFlag Old, string New)> OldAddresses { get; } =
    [
        (new("", "addr", "", "old form of --advertise-client-urls: ip:port."), "advertise-client-urls"),
        (new("", "bind-addr", "", "old form of --listen-client-urls: ip:port."), "listen-client-urls"),
        (new("", "peer-addr", "", "old form of --initial-advertise-peer-urls: ip:port."), "initial-advertise-peer-urls"),
        (new("", "peer-bind-addr", "", "old form of --listen-peer-urls: ip:port."), "listen-peer-urls"),
    ];

    /// <summary>0.4's that 2.3 no longer knows: the peers of a running cluster to join, as <c>host:port</c>, on the line or one a line in a file.</summary>
    public static ImmutableArray<EtcdFlag> OldPeers { get; } =
    [
        new("", "peers", "", "peers of a running cluster to join: host:port,host:port."),
        new("", "peers-file", "", "file with the peers of a running cluster to join."),
    ];

    /// <summary>0.4's that 2.3 warns of and ignores; a value is part of them only behind an equals sign.</summary>
    public static ImmutableArray<EtcdFlag> Ignored { get; } =
    [
        .. ((string[])
        [
            "cluster-active-size", "cluster-remove-delay", "cluster-sync-interval", "config", "force", "max-result-buffer",
            "max-retry-attempts", "peer-heartbeat-interval", "peer-election-timeout", "retry-interval", "snapshot", "v", "vv",
        ]).Select(name => new EtcdFlag("", name, "", "no longer supported, ignored.", EtcdFlagKind.Ignored)),
    ];

    public static IEnumerable<EtcdFlag> All => [.. Shown, .. OldAddresses.Select(address => address.Old), .. OldPeers, .. Ignored];
}
