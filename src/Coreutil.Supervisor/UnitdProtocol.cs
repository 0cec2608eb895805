using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Units;
using Coreutil.Units;

namespace Coreutil.Supervisor;

/// <summary>One request over unitd's socket: a line of JSON. A connection carries one request.</summary>
public sealed record UnitdRequest
{
    public required string Verb { get; init; }

    public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>Of <c>load</c>: the unit's text.</summary>
    public string Text { get; init; } = "";

    public int Lines { get; init; } = 10;

    public bool IsFollowing { get; init; }

    /// <summary>Of <c>journal</c>: the range of priorities, and whether only this boot counts.</summary>
    public int HighestPriority { get; init; } = Priorities.Emergency;

    public int LowestPriority { get; init; } = Priorities.Debug;

    public bool IsThisBoot { get; init; }

    /// <summary>Of <c>start</c> and <c>stop</c>: answer when the jobs are done, not when they are queued.</summary>
    public bool IsWaiting { get; init; }

    public long Generation { get; init; }

    public int Signal { get; init; } = Machine.Signals.Terminate;
}

/// <summary>The answer: a line of JSON; raw journal lines follow it for <c>journal</c>.</summary>
public sealed record UnitdReply
{
    public int ExitCode { get; init; }

    public string Text { get; init; } = "";

    public string Error { get; init; } = "";

    public ImmutableArray<UnitRow> Units { get; init; } = [];

    public ImmutableDictionary<string, string> Texts { get; init; } = ImmutableDictionary<string, string>.Empty;

    public long Generation { get; init; }
}

public sealed record UnitRow(string Name, string LoadState, string ActiveState, string SubState, string Description)
{
    /// <summary>The row of a unit; of a name that has none, where <paramref name="unit"/> is null.</summary>
    public static UnitRow Of(SupervisedUnit? unit, string name)
    {
        var state = unit?.State ?? UnitState.NotFound;
        return new(name, state.LoadState, state.ActiveState, state.SubState, unit?.Definition.Description ?? name);
    }
}

[JsonSerializable(typeof(UnitdRequest))]
[JsonSerializable(typeof(UnitdReply))]
internal sealed partial class UnitdJson : JsonSerializerContext;
