using System.Collections.Immutable;

namespace Coreutil.Fleet;

public enum UnitManagerKind
{
    /// <summary>systemd where it runs, else the embedded supervisor.</summary>
    Auto,
    Systemd,
    Embedded,
}

/// <summary>What fleetd was told: the original's options with their defaults, then ours.</summary>
public sealed record FleetConfig
{
    public const string DefaultFile = "/etc/fleet/fleet.conf";
    public const string DefaultUnitsDirectory = "/run/fleet/units/";
    public const string DefaultListen = "unix:///var/run/fleet.sock";

    public int Verbosity { get; init; }

    public ImmutableArray<Uri> EtcdServers { get; init; } = [new("http://127.0.0.1:2379"), new("http://127.0.0.1:4001")];

    public string? EtcdUsername { get; init; }

    public string? EtcdPassword { get; init; }

    public string? EtcdKeyFile { get; init; }

    public string? EtcdCertFile { get; init; }

    public string? EtcdCaFile { get; init; }

    public string EtcdKeyPrefix { get; init; } = "/_coreos.com/fleet/";

    public TimeSpan EtcdRequestTimeout { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan EngineReconcileInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Null: the address of the default route's interface.</summary>
    public string? PublicIp { get; init; }

    public ImmutableSortedDictionary<string, string> Metadata { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    public TimeSpan AgentTtl { get; init; } = TimeSpan.FromSeconds(30);

    public string UnitsDirectory { get; init; } = DefaultUnitsDirectory;

    public bool SystemdUser { get; init; }

    public int TokenLimit { get; init; } = 100;

    public bool DisableEngine { get; init; }

    public bool DisableWatches { get; init; }

    /// <summary>Options that were set and are read no more.</summary>
    public ImmutableArray<string> IgnoredOptions { get; init; } = [];

    /// <summary>Where the API answers: <c>unix:///path</c> and <c>http://host:port</c>.</summary>
    public ImmutableArray<Uri> Listen { get; init; } = [];

    /// <summary>Listening sockets that the service manager passed on (LISTEN_FDS), with their names; they come before <see cref="Listen"/>.</summary>
    public ImmutableArray<(int Descriptor, string Name)> ListenDescriptors { get; init; } = [];

    /// <summary>Where other machines reach this one's API; null: the first TCP address of <see cref="Listen"/>.</summary>
    public Uri? AdvertiseApi { get; init; }

    /// <summary>For https in <see cref="Listen"/>, and for asking other machines' fleetd.</summary>
    public string? TlsCertFile { get; init; }

    public string? TlsKeyFile { get; init; }

    /// <summary>Set: clients of https must have a certificate of these authorities.</summary>
    public string? TlsClientCaFile { get; init; }

    public UnitManagerKind UnitManager { get; init; }

    /// <summary>Docker's socket, <c>unix:///path</c>: asked of the containers that units run.</summary>
    public Uri DockerEndpoint { get; init; } = new("unix:///var/run/docker.sock");

    /// <summary>Where fleetd and the embedded supervisor keep what must survive them.</summary>
    public string StateDirectory { get; init; } = "/var/lib/fleet";

    /// <summary>Null: the text of /etc/machine-id.</summary>
    public string? MachineId { get; init; }

    /// <summary>How long the units of a machine that vanished wait for it before they move.</summary>
    public TimeSpan EngineRescheduleGrace { get; init; }

    /// <summary>True: units here are stopped when the store was away for <see cref="AgentTtl"/> and <see cref="FenceMargin"/>.</summary>
    public bool Fence { get; init; }

    public TimeSpan FenceMargin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>At a graceful end: true leaves the units running and registered, false (as the original) takes them down.</summary>
    public bool LeaveRunning { get; init; }
}
