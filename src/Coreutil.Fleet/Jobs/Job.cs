namespace Coreutil.Fleet.Jobs;

/// <summary>A named instance of a unit file, with what is wanted of it and where it was put.</summary>
public sealed record Job
{
    public required string Name { get; init; }

    public required StoredUnit Unit { get; init; }

    public required TargetState TargetState { get; init; }

    /// <summary>The machine the engine chose; null while none is, and always for a global unit.</summary>
    public string? TargetMachine { get; init; }

    /// <summary>The machine that says it launched the unit.</summary>
    public string? LaunchedOn { get; init; }

    /// <summary>Tells which of two jobs is the later one.</summary>
    public ulong CreatedIndex { get; init; }

    public XFleetRequirements Requirements { get; init; } = XFleetRequirements.None;

    public bool IsGlobal => Requirements.IsGlobal;
}

/// <summary>A unit file's normalised text and its SHA-1 in hexadecimal, the key it is stored under.</summary>
public sealed record StoredUnit(string Hash, string Text);
