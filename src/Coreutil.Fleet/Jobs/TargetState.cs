namespace Coreutil.Fleet.Jobs;

/// <summary>What is wanted of a unit, or what became of it.</summary>
public enum TargetState
{
    /// <summary>Known to the cluster, no more.</summary>
    Inactive,

    /// <summary>Assigned to a machine and linked there, not started.</summary>
    Loaded,

    /// <summary>Start was asked for, once; restarts are the unit manager's business.</summary>
    Launched,
}

/// <summary>The words of the API and of the registry.</summary>
public static class TargetStateNames
{
    public static string ToWireName(this TargetState state) => state switch
    {
        TargetState.Inactive => "inactive",
        TargetState.Loaded => "loaded",
        TargetState.Launched => "launched",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };

    public static TargetState? Parse(string? word) => word switch
    {
        "inactive" => TargetState.Inactive,
        "loaded" => TargetState.Loaded,
        "launched" => TargetState.Launched,
        _ => null,
    };
}
