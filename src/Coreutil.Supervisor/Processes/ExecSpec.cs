using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Coreutil.Supervisor.Processes;

/// <summary>All that the executor applies between its start and execve. It travels over a socket as one JSON object.</summary>
public sealed record ExecSpec
{
    public required string Path { get; init; }

    public required ImmutableArray<string> Arguments { get; init; }

    /// <summary>NAME=value, the whole environment of the command.</summary>
    public required ImmutableArray<string> Environment { get; init; }

    /// <summary>Variables that get the number of the process itself: LISTEN_PID and its like.</summary>
    public ImmutableArray<string> OwnPidVariables { get; init; } = [];

    /// <summary>How many descriptors follow that of the output; the command knows them from 3 on.</summary>
    public int Descriptors { get; init; }

    /// <summary>One more descriptor follows: it is written to when a step failed, and closed by execve when none did.</summary>
    public bool IsReported { get; init; }

    /// <summary>One more descriptor follows, before the report's: it is waited at until the supervisor has no job left (Type=idle).</summary>
    public bool IsIdle { get; init; }

    /// <summary>The first of these descriptors is standard input, and output where no other is named (StandardInput=socket).</summary>
    public bool IsInputSocket { get; init; }

    public StandardStream Input { get; init; } = new();

    public StandardStream Output { get; init; } = new();

    public StandardStream Error { get; init; } = new();

    /// <summary>A step that cannot succeed, known before it is tried: the executor reports it as its own.</summary>
    public FailedStep? Refusal { get; init; }

    /// <summary>systemd's default; a filter at the end of a pipe wants it otherwise.</summary>
    public bool IgnoresSigpipe { get; init; } = true;

    /// <summary>cgroup.procs files to join before anything else.</summary>
    public ImmutableArray<string> ControlGroups { get; init; } = [];

    /// <summary>Made before the user changes.</summary>
    public ImmutableArray<ExecDirectory> Directories { get; init; } = [];

    public string? WorkingDirectory { get; init; }

    /// <summary>A missing working directory is no error (the dash in WorkingDirectory=-).</summary>
    public bool IsWorkingDirectoryOptional { get; init; }

    /// <summary>
    /// The command stays in the supervisor's process group: autofs lets those pass who mount, and asks for the mount when anybody else comes by
    /// (Documentation/filesystems/autofs.rst).
    /// </summary>
    [JsonIgnore]
    public bool StaysInGroup { get; init; }

    public uint? User { get; init; }

    public uint? Group { get; init; }

    public ImmutableArray<uint> SupplementaryGroups { get; init; } = [];

    public uint FileMask { get; init; } = 18;

    public int? Nice { get; init; }

    public int? OomScoreAdjust { get; init; }

    public ImmutableArray<ResourceLimit> Limits { get; init; } = [];
}

/// <summary>What a failed step of the executor ends with (200-243), and why.</summary>
public sealed record FailedStep(int ExitCode, string What);

/// <summary>Where one of the standard streams leads: what the supervisor passed, or a file that is opened before the user changes.</summary>
/// <param name="Path">Null: as passed.</param>
/// <param name="Flags">open(2)'s.</param>
public sealed record StandardStream(string? Path = null, int Flags = 0);

/// <summary>One setrlimit: Linux's number of the resource, soft and hard value (ulong.MaxValue: none).</summary>
public sealed record ResourceLimit(int Resource, ulong Soft, ulong Hard);

[JsonSerializable(typeof(ExecSpec))]
internal sealed partial class ExecSpecJson : JsonSerializerContext;
