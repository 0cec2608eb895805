namespace Coreutil.Fleet.Engine;

/// <summary>What the engine does with one job, and why.</summary>
public abstract record Decision(string UnitName, string Reason)
{
    public sealed record Schedule(string UnitName, string MachineId, string Reason) : Decision(UnitName, Reason);

    public sealed record Unschedule(string UnitName, string MachineId, string Reason) : Decision(UnitName, Reason);

    /// <summary>Wanted, and no machine fits now.</summary>
    public sealed record Wait(string UnitName, string Reason) : Decision(UnitName, Reason);
}
