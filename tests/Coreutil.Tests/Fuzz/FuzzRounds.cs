using System.Globalization;

namespace Coreutil.Tests.Fuzz;

/// <summary>How long a fuzz target runs: a share in every run of the tests, as long as <c>./build.sh fuzz</c> says otherwise.</summary>
internal static class FuzzRounds
{
    /// <summary>Runs the case of each number, from the seed on, until so many are done or the time is over; a failure names its seed.</summary>
    public static void Run(int share, Action<Random, int> runCase)
    {
        int seed = int.Parse(Environment.GetEnvironmentVariable("COREUTIL_FUZZ_SEED") ?? "1", CultureInfo.InvariantCulture);
        var end = TimeProvider.System.GetTimestamp() + (long)(Seconds * TimeProvider.System.TimestampFrequency);
        for (int i = 0; Seconds > 0 ? TimeProvider.System.GetTimestamp() < end : i < share; i++)
        {
            // Each case has its own numbers, so that one alone can be run again: COREUTIL_FUZZ_SEED is the seed that failed.
            runCase(new Random(unchecked(seed + i)), unchecked(seed + i));
        }
    }

    private static double Seconds => double.Parse(Environment.GetEnvironmentVariable("COREUTIL_FUZZ_SECONDS") ?? "0", CultureInfo.InvariantCulture);
}
