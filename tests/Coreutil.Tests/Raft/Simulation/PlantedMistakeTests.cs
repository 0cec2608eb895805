namespace Coreutil.Tests.Raft.Simulation;

/// <summary>The simulator finds what it is there for: each known mistake breaks an invariant within some seeds, and without it none does.</summary>
public sealed class PlantedMistakeTests(ITestOutputHelper output)
{
    private const int SeedsAtMost = 3000;

    public static TheoryData<string> Mistakes => [.. Enum.GetNames<Mistake>().Where(name => name != nameof(Mistake.None))];

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_planted_mistake_is_caught(string name)
    {
        var mistake = Enum.Parse<Mistake>(name);
        for (int seed = 1; seed <= SeedsAtMost; seed++)
        {
            // A cluster that only stops would be noticed by anybody.
            if (World.Run(SimulationPlan.Of(seed), mistake) is { Invariant: not "liveness" } caught)
            {
                output.WriteLine($"{mistake} is caught by seed {seed}: {caught.Message}");
                return;
            }
        }

        Assert.Fail($"{SeedsAtMost} seeds do not show {mistake}");
    }
}
