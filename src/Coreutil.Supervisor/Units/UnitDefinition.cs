using System.Collections.Immutable;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Units;

/// <summary>What a service's commands run in, besides the command itself.</summary>
public sealed record ServiceContext
{
    /// <summary>Environment= in order, specifiers expanded.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>EnvironmentFile= in order; read anew before each command.</summary>
    public ImmutableArray<EnvironmentFileReference> EnvironmentFiles { get; init; } = [];

    /// <summary>Names taken over from the supervisor's own environment.</summary>
    public ImmutableArray<string> PassedEnvironment { get; init; } = [];

    /// <summary>Names, or whole assignments, that are taken out at the end.</summary>
    public ImmutableArray<string> UnsetEnvironment { get; init; } = [];

    public string? User { get; init; }

    public string? Group { get; init; }

    public ImmutableArray<string> SupplementaryGroups { get; init; } = [];

    public string? WorkingDirectory { get; init; }

    public bool IsWorkingDirectoryOptional { get; init; }

    public ImmutableArray<DirectoriesOfAKind> Directories { get; init; } = [];

    /// <summary>RuntimeDirectoryPreserve=: whether what lies below /run outlives the service.</summary>
    public DirectoryPreservation RuntimePreservation { get; init; }

    public uint FileMask { get; init; } = 18;

    public int? Nice { get; init; }

    public int? OomScoreAdjust { get; init; }

    public ImmutableArray<ResourceLimit> Limits { get; init; } = [];

    public StandardStream Input { get; init; } = new();

    public StandardStream Output { get; init; } = new();

    public StandardStream Error { get; init; } = new();

    /// <summary>StandardInput=socket: the connection that started this instance.</summary>
    public bool IsInputSocket { get; init; }

    public bool IgnoresSigpipe { get; init; } = true;

    /// <summary>Its commands mount: an automount lets them pass.</summary>
    public bool StaysInGroup { get; init; }

    /// <summary>SyslogIdentifier=: the name before each journal line; null: the program's.</summary>
    public string? Identifier { get; init; }

    /// <summary>SyslogLevel=: the priority of lines that say none themselves.</summary>
    public int Level { get; init; } = Priorities.Information;

    /// <summary>SyslogLevelPrefix=: a line may begin with its own.</summary>
    public bool HasLevelPrefix { get; init; } = true;
}

public sealed record EnvironmentFileReference(string Path, bool IsOptional);

/// <summary>A unit as loaded from its file; <see cref="LoadError"/> tells why it cannot run.</summary>
public sealed record UnitDefinition
{
    public required string Name { get; init; }

    public string Description { get; init; } = "";

    /// <summary>How systemctl's lists and the journal call it: its name, and what it is where its file says that.</summary>
    public string Title => Description == Name ? Name : $"{Name} - {Description}";

    public string? Path { get; init; }

    /// <summary>Files that add to the unit's own, in the order they were read.</summary>
    public ImmutableArray<string> DropIns { get; init; } = [];

    /// <summary>Tells one content of its files from another.</summary>
    public int Fingerprint { get; init; }

    public ImmutableArray<string> Documentation { get; init; } = [];

    /// <summary>RequiresMountsFor=, as written.</summary>
    public ImmutableArray<string> MountPaths { get; init; } = [];

    /// <summary>systemd's word: loaded, not-found, bad-setting, error, masked.</summary>
    public string LoadState { get; init; } = "loaded";

    public string? LoadError { get; init; }

    /// <summary>Each thing that <see cref="LoadError"/> tells of what the file says.</summary>
    public ImmutableArray<string> Problems { get; init; } = [];

    public UnitDependencies Dependencies { get; init; } = new();

    public ImmutableArray<UnitCondition> Conditions { get; init; } = [];

    public ImmutableArray<UnitCondition> Asserts { get; init; } = [];

    public int StartLimitBurst { get; init; } = 5;

    public TimeSpan StartLimitInterval { get; init; } = TimeSpan.FromSeconds(10);

    public bool RefusesManualStart { get; init; }

    public bool RefusesManualStop { get; init; }

    public bool IsStoppedWhenUnneeded { get; init; }

    public ServiceSettings Service { get; init; } = new();

    public ServiceContext Context { get; init; } = new();

    public TimerSettings? Timer { get; init; }

    public PathSettings? PathWatch { get; init; }

    public SocketSettings? Socket { get; init; }

    public MountSettings? Mount { get; init; }

    public AutomountSettings? Automount { get; init; }
}
