using System.Text;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>What a person needs to understand a failing seed: how to run it again, the smallest plan that fails so, and its last steps.</summary>
internal static class FailureReport
{
    private const int StepsShown = 200;

    public static string Of(int seed, SimulationFailure failure, Mistake mistake = Mistake.None)
    {
        var smallest = Shrinker.Shrink(SimulationPlan.Of(seed), failure.Invariant, candidate => World.Run(candidate, mistake));
        var trace = new List<string>();
        var again = World.Run(smallest, mistake, trace);
        var text = new StringBuilder();
        text.Append($"seed {seed}: {failure.Message}\n");
        text.Append($"run it again: ./build.sh simulate --seeds 1 --from {seed}\n");
        text.Append($"smallest plan that fails so: {smallest}\n");
        text.Append($"it ends with: {again?.Message ?? "no failure: the run does not replay, which is a bug of the simulator"}\n");
        text.Append($"the last {Math.Min(StepsShown, trace.Count)} of its {trace.Count} steps (tick, what):\n");
        text.AppendJoin('\n', trace.TakeLast(StepsShown));
        return text.ToString();
    }
}
