using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Units;

/// <summary>What the next supervisor must know of a unit, besides its file.</summary>
public sealed record UnitMemory
{
    public required string Name { get; init; }

    /// <summary>Of units that have no work of their own: whether they are up.</summary>
    public bool IsActive { get; init; }

    public DateTimeOffset? LastActive { get; init; }

    public DateTimeOffset? LastInactive { get; init; }

    public UnitTimes? Times { get; init; }

    public bool? ConditionResult { get; init; }

    public bool? AssertResult { get; init; }

    public bool IsStartLimitHit { get; init; }

    public DateTimeOffset StartLimitBegin { get; init; }

    public int StartLimitCount { get; init; }

    public ServiceUnitMemory? Service { get; init; }

    public TriggerMemory? Trigger { get; init; }
}

public sealed record ServiceUnitMemory
{
    public required ServiceMemory Machine { get; init; }

    public ProcessIdentity? Main { get; init; }

    public ProcessIdentity? Control { get; init; }

    public DateTimeOffset? WatchdogDeadline { get; init; }

    public string Invocation { get; init; } = "";

    /// <summary>How its commands went, by their place among the commands of its file; and its main process.</summary>
    public ImmutableArray<CommandRunMemory> Runs { get; init; } = [];

    public CommandRun? MainRun { get; init; }

    /// <summary>What was read of a line that has not ended yet; only a supervisor that becomes the next one itself can pass it on.</summary>
    public byte[] HalfLine { get; init; } = [];

    /// <summary>Sessions of the unit, where it has no cgroup.</summary>
    public ImmutableArray<int> Leaders { get; init; } = [];
}

public sealed record TriggerMemory
{
    public required string Sub { get; init; }

    public ServiceResult Result { get; init; }

    public DateTimeOffset ChangedAt { get; init; }

    public DateTimeOffset Startup { get; init; }

    public DateTimeOffset ActiveSince { get; init; }

    public DateTimeOffset? LastTrigger { get; init; }

    public ImmutableArray<int> Spent { get; init; } = [];

    public ImmutableArray<string> Stamps { get; init; } = [];

    public int Accepted { get; init; }

    /// <summary>What a socket unit listens on, in the order of its file; only a supervisor that becomes the next one itself can pass them on.</summary>
    public ImmutableArray<int> Sockets { get; init; } = [];

    /// <summary>Who waits at an automount for the file system to come, and for it to go, by the kernel's numbers.</summary>
    public ImmutableArray<uint> AwaitingMount { get; init; } = [];

    public ImmutableArray<uint> AwaitingUnmount { get; init; } = [];

    /// <summary>Accepted connections that wait for the service of their name.</summary>
    public ImmutableDictionary<string, int> Connections { get; init; } = ImmutableDictionary<string, int>.Empty;
}

[JsonSerializable(typeof(UnitMemory))]
[JsonSerializable(typeof(SavedUnit))]
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class UnitMemoryJson : JsonSerializerContext;
