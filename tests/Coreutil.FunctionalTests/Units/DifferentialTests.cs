namespace Coreutil.FunctionalTests.Units;

/// <summary>
/// The same unit files under real systemd 252 and under unitd: exit codes of the commands, properties, traces left by the services themselves, surviving
/// processes and the order of states are the same, but for the differences that a scenario states with its reason.
/// </summary>
public sealed class DifferentialTests(DifferentialRun run) : IClassFixture<DifferentialRun>
{
    public static TheoryData<string> Names => [.. DifferentialRun.Scenarios.Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Unitd_does_as_systemd_does(string name)
    {
        NspawnHost.SkipUnlessPossible();
        var scenario = DifferentialRun.Scenarios.Single(scenario => scenario.Name == name);
        Assert.SkipUnless(scenario.Needed is null || Path.Exists(scenario.Needed), $"this machine has no {scenario.Needed}");
        var (systemd, unitd) = run.Of(name);

        Assert.False(systemd.IsTimedOut, systemd.ToString());
        if (scenario.Difference is { } reason)
        {
            Assert.True(systemd != unitd, $"no longer different ({reason}): take the line out\n{systemd}");
            return;
        }

        Assert.True(systemd == unitd, $"---- systemd\n{systemd}---- unitd\n{unitd}");
    }
}
