namespace Coreutil.Tests.Raft.Simulation;

/// <summary>Makes a failing plan smaller while it still fails in the same way: fewer faults, less work, a better network.</summary>
internal static class Shrinker
{
    private const int MaximumRuns = 400;

    public static SimulationPlan Shrink(SimulationPlan failing, string invariant, Func<SimulationPlan, SimulationFailure?> run)
    {
        int runs = 0;
        for (bool isSmaller = true; isSmaller;)
        {
            isSmaller = false;
            foreach (var candidate in Smaller(failing))
            {
                if (++runs > MaximumRuns)
                {
                    return failing;
                }

                if (run(candidate)?.Invariant == invariant)
                {
                    failing = candidate;
                    isSmaller = true;
                    break;
                }
            }
        }

        return failing;
    }

    private static IEnumerable<SimulationPlan> Smaller(SimulationPlan plan)
    {
        for (int size = Math.Max(1, plan.Faults.Length / 2); size >= 1 && !plan.Faults.IsEmpty; size /= 2)
        {
            for (int start = 0; start < plan.Faults.Length; start += size)
            {
                yield return plan with { Faults = plan.Faults.RemoveRange(start, Math.Min(size, plan.Faults.Length - start)) };
            }
        }

        SimulationPlan[] simpler =
        [
            plan with { DropPercent = 0 },
            plan with { DuplicatePercent = 0 },
            plan with { LatePercent = 0 },
            plan with { SnapshotEvery = 0 },
            plan with { UsesRealLog = false },
            plan with { Clients = plan.Clients - 1 },
            plan with { OperationsPerClient = plan.OperationsPerClient / 2 },
            plan with { KeysUsed = 1 },
            plan with { MaximumMessageBytes = 1 << 20 },
            plan with { MaximumInflightMessages = 256 },
            plan with { SyncDelay = 1 },
        ];
        foreach (var candidate in simpler.Where(candidate => candidate.ToString() != plan.ToString()))
        {
            yield return candidate;
        }
    }
}
