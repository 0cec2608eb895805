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

    /// <summary>Of <c>kill</c>: main, control, or all of a unit's processes.</summary>
    public string Who { get; init; } = "all";

    /// <summary>A pattern stands for inactive units too, and a list shows them.</summary>
    public bool IsAll { get; init; }

    /// <summary>Of <c>enable</c> and <c>mask</c>: a link that leads elsewhere is replaced.</summary>
    public bool IsForced { get; init; }
}

/// <summary>The answer: a line of JSON; raw journal lines follow it for <c>journal</c>.</summary>
public sealed record UnitdReply
{
    public int ExitCode { get; init; }

    public string Text { get; init; } = "";

    public string Error { get; init; } = "";

    public ImmutableArray<UnitRow> Units { get; init; } = [];

    /// <summary>Of the lists that are no list of units: cells in the order of their columns.</summary>
    public ImmutableArray<ImmutableArray<string>> Rows { get; init; } = [];

    public ImmutableDictionary<string, string> Texts { get; init; } = ImmutableDictionary<string, string>.Empty;

    public long Generation { get; init; }
}

/// <param name="Name">As in the unit's file name.</param>
/// <param name="LoadState">loaded, not-found, bad-setting, error or masked.</param>
/// <param name="ActiveState">systemd's word.</param>
/// <param name="SubState">systemd's word.</param>
/// <param name="Description">The unit's, else its name.</param>
/// <param name="Job">The kind of its job; empty without one.</param>
public sealed record UnitRow(string Name, string LoadState, string ActiveState, string SubState, string Description, string Job = "")
{
    /// <summary>The row of a unit; of a name that has none, where <paramref name="unit"/> is null.</summary>
    public static UnitRow Of(SupervisedUnit? unit, string name, Job? job = null)
    {
        var state = unit?.State ?? UnitState.NotFound;
        return new(name, state.LoadState, state.ActiveState, state.SubState, unit?.Definition.Description ?? name, job?.Kind.ToString().ToLowerInvariant() ?? "");
    }
}

[JsonSerializable(typeof(UnitdRequest))]
[JsonSerializable(typeof(UnitdReply))]
internal sealed partial class UnitdJson : JsonSerializerContext;
