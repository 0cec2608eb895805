using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>
/// Clusters in simulated networks, on simulated disks, each made from a seed (README.md). `./build.sh simulate` sets what is read from the environment.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int SeedsByDefault = 2000;

    [Fact]
    public void No_seed_breaks_an_invariant()
    {
        int from = Setting("COREUTIL_SIMULATE_FROM", 1);
        int seeds = Setting("COREUTIL_SIMULATE_SEEDS", SeedsByDefault);
        var cores = new ParallelOptions { MaxDegreeOfParallelism = Setting("COREUTIL_SIMULATE_CORES", 1) };
        var failures = new ConcurrentDictionary<int, SimulationFailure>();
        var watch = Stopwatch.StartNew();
        Parallel.For(from, from + seeds, cores, seed =>
        {
            if (World.Run(SimulationPlan.Of(seed)) is { } failure)
            {
                failures[seed] = failure;
            }
        });

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{seeds} seeds from {from} in {watch.Elapsed.TotalSeconds:F1} s, {seeds / watch.Elapsed.TotalSeconds:F0} a second, {failures.Count} failed"));
        if (!failures.IsEmpty)
        {
            int first = failures.Keys.Min();
            Assert.Fail($"{FailureReport.Of(first, failures[first])}\nall that fail: {string.Join(' ', failures.Keys.Order())}");
        }
    }

    [Fact]
    public void A_seed_replays_exactly()
    {
        var once = new List<string>();
        var twice = new List<string>();

        World.Run(SimulationPlan.Of(7), trace: once);
        World.Run(SimulationPlan.Of(7), trace: twice);

        Assert.True(once.Count > 100);
        Assert.Equal(once, twice);
    }

    [Fact]
    public void A_failure_is_reported_with_its_seed_a_small_plan_and_the_last_steps()
    {
        int seed = Enumerable.Range(1, 100).First(seed => World.Run(SimulationPlan.Of(seed), Mistake.AnswerBeforePersist) is not null);
        var failure = World.Run(SimulationPlan.Of(seed), Mistake.AnswerBeforePersist)!;

        string report = FailureReport.Of(seed, failure, Mistake.AnswerBeforePersist);

        Assert.StartsWith($"seed {seed}: {failure.Message}", report, StringComparison.Ordinal);
        Assert.Contains($"./build.sh simulate --seeds 1 --from {seed}", report, StringComparison.Ordinal);
        Assert.Contains($"it ends with: {failure.Invariant}", report, StringComparison.Ordinal);
        Assert.Contains("drop 0 %, duplicate 0 %, late 0 %", report, StringComparison.Ordinal);
        Assert.Contains("FAILED", report.Split('\n')[^1], StringComparison.Ordinal);
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
