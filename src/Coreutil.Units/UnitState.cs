namespace Coreutil.Units;

/// <summary>The three words systemd says of a unit, spelt as it spells them: <c>loaded</c>, <c>active</c>, <c>running</c>.</summary>
public readonly record struct UnitState(string LoadState, string ActiveState, string SubState)
{
    public static UnitState NotFound { get; } = new("not-found", "inactive", "dead");
}
