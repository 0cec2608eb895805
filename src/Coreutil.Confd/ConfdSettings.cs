using System.Collections.Immutable;

namespace Coreutil.Confd;

/// <summary>What a run of confd is told to do; the defaults are the original's.</summary>
public sealed record ConfdSettings
{
    public string Backend { get; init; } = "etcd";

    /// <summary>Addresses of the backend; the etcd backend asks them in order.</summary>
    public ImmutableArray<string> Nodes { get; init; } = [];

    /// <summary>Holds <c>conf.d</c> and <c>templates</c>.</summary>
    public string ConfigDirectory { get; init; } = "/etc/confd";

    /// <summary>When not empty it replaces the prefix of every resource.</summary>
    public string Prefix { get; init; } = "";

    public bool IsOneTime { get; init; }

    public bool IsWatching { get; init; }

    /// <summary>Between two passes when not watching.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>Render and compare only.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>Never run check_cmd and reload_cmd.</summary>
    public bool IsSyncOnly { get; init; }

    public bool KeepsStagedFiles { get; init; }

    /// <summary>How changes are gathered where a resource does not say; null renders the first at once and gathers the rest for 100 ms.</summary>
    public WaitTimes? Wait { get; init; }

    /// <summary>After this time check_cmd and reload_cmd are killed with all they started; null waits for ever, as the original does.</summary>
    public TimeSpan? CommandTimeout { get; init; }

    /// <summary>In a single pass: how long a resource may fail for want of keys, or of the backend, before it counts as failed.</summary>
    public TimeSpan WaitForKeys { get; init; }

    /// <summary>A file that always tells how each resource fares, in JSON.</summary>
    public string? StatusFile { get; init; }

    /// <summary>Where /metrics and /status are served: host:port.</summary>
    public string? MetricsAddress { get; init; }

    /// <summary>Put before nodes that an SRV record names, and the scheme consul is spoken to with.</summary>
    public string Scheme { get; init; } = "http";

    /// <summary>The record that names the nodes, <c>_etcd._tcp.example.org.</c>; empty for none.</summary>
    public string ServiceRecord { get; init; } = "";

    /// <summary>Stands for the slash in the keys of the redis backend.</summary>
    public string Separator { get; init; } = "";

    public string? Username { get; init; }

    public string? Password { get; init; }

    public string? ClientCertificate { get; init; }

    public string? ClientKey { get; init; }

    public string? CertificateAuthorities { get; init; }

    /// <summary>Files and directories of the file backend.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>Glob on the names of files within the directories of <see cref="Files"/>.</summary>
    public string Filter { get; init; } = "*";

    /// <summary>Of the env backend, of <c>getenv</c> and of the commands.</summary>
    public required ImmutableDictionary<string, string> Environment { get; init; }
}
