namespace Coreutil.FunctionalTests.Units;

/// <summary>
/// unitctl is held to systemctl line by line: the same commands, for units in every state, print the same and end with the same code, but for what
/// <see cref="CommandComparison"/> takes out and for the differences that the table states with their reasons.
/// </summary>
public sealed class CommandComparisonTests(CommandRun run) : IClassFixture<CommandRun>
{
    public static TheoryData<string> Lines => [.. CommandRun.Commands.Select(command => command.ToString())];

    [Theory]
    [MemberData(nameof(Lines))]
    public void Unitctl_prints_what_systemctl_prints(string line)
    {
        NspawnHost.SkipUnlessPossible();
        var command = CommandRun.Commands.Single(command => command.ToString() == line);
        var (systemd, unitd) = CommandComparison.Compare(command, run.Of("systemd", command), run.Of("unitd", command));

        if (command.Difference is { } reason)
        {
            Assert.True(systemd != unitd, $"no longer different ({reason}): take the line out\n{systemd}");
            return;
        }

        Assert.True(systemd == unitd, $"{line}\n---- systemctl\n{systemd}---- unitctl\n{unitd}");
    }

    [Fact]
    public void Show_has_the_properties_that_scripts_ask_for()
    {
        NspawnHost.SkipUnlessPossible();
        string shown = run.Of("unitd", CommandRun.Commands.First(command => command.Text == "show z-run")).Output;

        Assert.All(
            (string[])["Type=simple", "Restart=on-failure", "RestartUSec=1min 500ms", "TimeoutStopUSec=20s", "LoadState=loaded", "ActiveState=active", "SubState=running", "Result=success", "NRestarts=0", "UnitFileState=disabled"],
            property => Assert.Contains($"{property}\n", shown, StringComparison.Ordinal));
        Assert.All(
            (string[])["MainPID", "ExecMainStartTimestamp", "FragmentPath", "ActiveEnterTimestampMonotonic", "InvocationID", "ControlGroup"],
            property => Assert.Matches($"(?m)^{property}=.+$", shown));
    }
}
