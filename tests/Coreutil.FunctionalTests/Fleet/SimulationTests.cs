using System.Globalization;

namespace Coreutil.FunctionalTests.Fleet;

/// <summary>A small share of the simulation of large fleets: what is counted, not how long it takes (docs/fleet-scale.md).</summary>
public sealed class SimulationTests
{
    [Fact]
    public async Task An_idle_fleet_asks_little_and_a_change_costs_the_same_in_any_fleet()
    {
        string simulation = Path.Combine(Published.Root, "tests", "Coreutil.FleetSimulation", "bin", "Release", "net10.0", "Coreutil.FleetSimulation");
        Assert.SkipUnless(File.Exists(simulation), "the simulation is not built: ./build.sh build");
        const int Machines = 30;

        var run = await Published.RunAsync(simulation, [Published.Binary, Machines.ToString(CultureInfo.InvariantCulture), "300", "15"], TimeSpan.FromMinutes(5));

        Assert.True(run.ExitCode == 0, run.Error);
        var values = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(": "))
            .ToDictionary(pair => pair[0].Trim(), pair => double.Parse(pair[1], CultureInfo.InvariantCulture));

        // Two a machine in a TTL of 30 s (written, and seen by the leader's mirror), and what the engines look at; with the original's layout it
        // would be two reads of the lease a machine every two seconds alone.
        Assert.InRange(values["requests a second while idle"], 1, (Machines * 2 / 15.0 * 1.5) + 12);

        // The job's key by the API is not counted: the assignment, its watch, the heartbeat's end, and the state.
        Assert.InRange(values["requests of the machines for one stop"], 1, 8);
    }
}
