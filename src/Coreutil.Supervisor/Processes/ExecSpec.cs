using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Coreutil.Supervisor.Processes;

/// <summary>All that the executor applies between its start and execve. It travels over a pipe as one JSON object.</summary>
public sealed record ExecSpec
{
    public required string Path { get; init; }

    public required ImmutableArray<string> Arguments { get; init; }

    /// <summary>NAME=value, the whole environment of the command.</summary>
    public required ImmutableArray<string> Environment { get; init; }

    /// <summary>cgroup.procs files to join before anything else.</summary>
    public ImmutableArray<string> ControlGroups { get; init; } = [];

    public string? WorkingDirectory { get; init; }

    /// <summary>A missing working directory is no error (the dash in WorkingDirectory=-).</summary>
    public bool IsWorkingDirectoryOptional { get; init; }

    public uint? User { get; init; }

    public uint? Group { get; init; }

    public ImmutableArray<uint> SupplementaryGroups { get; init; } = [];

    public uint FileMask { get; init; } = 18;

    public int? Nice { get; init; }

    public int? OomScoreAdjust { get; init; }

    public ImmutableArray<ResourceLimit> Limits { get; init; } = [];
}

/// <summary>One setrlimit: Linux's number of the resource, soft and hard value (ulong.MaxValue: none).</summary>
public sealed record ResourceLimit(int Resource, ulong Soft, ulong Hard);

[JsonSerializable(typeof(ExecSpec))]
internal sealed partial class ExecSpecJson : JsonSerializerContext;
