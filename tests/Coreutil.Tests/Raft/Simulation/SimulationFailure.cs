namespace Coreutil.Tests.Raft.Simulation;

/// <summary>An invariant that a run broke, and where.</summary>
internal sealed class SimulationFailure(string invariant, string what) : Exception($"{invariant}: {what}")
{
    public string Invariant => invariant;
}
