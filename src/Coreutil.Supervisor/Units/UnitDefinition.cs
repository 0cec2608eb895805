using System.Collections.Immutable;
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

    public string? User { get; init; }

    public string? Group { get; init; }

    public string? WorkingDirectory { get; init; }

    public bool IsWorkingDirectoryOptional { get; init; }

    public uint FileMask { get; init; } = 18;

    public int? Nice { get; init; }

    public int? OomScoreAdjust { get; init; }

    public ImmutableArray<ResourceLimit> Limits { get; init; } = [];
}

public sealed record EnvironmentFileReference(string Path, bool IsOptional);

/// <summary>A unit as loaded from its file; <see cref="LoadError"/> tells why it cannot run.</summary>
public sealed record UnitDefinition
{
    public required string Name { get; init; }

    public string Description { get; init; } = "";

    public string? Path { get; init; }

    /// <summary>systemd's word: loaded, not-found, bad-setting, error.</summary>
    public string LoadState { get; init; } = "loaded";

    public string? LoadError { get; init; }

    public UnitDependencies Dependencies { get; init; } = new();

    public ServiceSettings Service { get; init; } = new();

    public ServiceContext Context { get; init; } = new();
}
