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

    public bool EnableGrpc { get; init; }

    /// <summary>Where the API answers: <c>unix:///path</c> and <c>http://host:port</c>.</summary>
    public ImmutableArray<Uri> Listen { get; init; } = [];

    /// <summary>Listening sockets that the service manager passed on (LISTEN_FDS); they come before <see cref="Listen"/>.</summary>
    public ImmutableArray<int> ListenDescriptors { get; init; } = [];

    public UnitManagerKind UnitManager { get; init; }

    /// <summary>Where fleetd and the embedded supervisor keep what must survive them.</summary>
    public string StateDirectory { get; init; } = "/var/lib/fleet";

    /// <summary>Null: the text of /etc/machine-id.</summary>
    public string? MachineId { get; init; }

    /// <summary>At a graceful end: true leaves the units running and registered, false (as the original) takes them down.</summary>
    public bool LeaveRunning { get; init; }
}
