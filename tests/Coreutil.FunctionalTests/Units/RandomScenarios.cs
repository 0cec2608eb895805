using System.Collections.Immutable;
using System.Globalization;

namespace Coreutil.FunctionalTests.Units;

/// <summary>
/// Small units put together by chance: what the tables do not think of. They run where COREUTIL_SEED gives a seed, which then stands in their names,
/// and perhaps how many (<c>7:300</c>). Nothing in them depends on the moment: a process stays, or ends at once, or within the time that a step waits.
/// </summary>
internal static class RandomScenarios
{
    public static ImmutableArray<Scenario> Create()
    {
        string[] words = (Environment.GetEnvironmentVariable("COREUTIL_SEED") ?? "").Split(':');
        if (!int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out int seed))
        {
            return [];
        }

        int count = words.Length > 1 ? int.Parse(words[1], CultureInfo.InvariantCulture) : 40;
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => CreateOne(string.Create(CultureInfo.InvariantCulture, $"random-{seed}-{i}"), random))];
    }

    private static Scenario CreateOne(string name, Random random)
    {
        var (units, steps) = random.Next(20) switch
        {
            < 4 => RandomServices.CreateStages(random),
            < 10 => RandomServices.CreateLife(random),
            < 17 => RandomGroups.Create(random),
            _ => RandomTriggers.Create(random),
        };
        return new Scenario(name, null, IsUnordered: true, BriefState: "deactivating/final-sigterm", units, steps);
    }

    public static T Pick<T>(this Random random, params T[] choices) => choices[random.Next(choices.Length)];

    /// <summary>The line, or in most cases nothing.</summary>
    public static string Maybe(this Random random, int oneIn, string line) => random.Next(oneIn) == 0 ? $"{line}\n" : "";
}
