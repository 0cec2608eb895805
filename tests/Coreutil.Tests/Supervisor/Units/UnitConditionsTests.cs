using Coreutil.Supervisor.Units;

namespace Coreutil.Tests.Supervisor.Units;

// systemd.unit(5), CONDITIONS AND ASSERTS: all hold, and of the triggering ones (|) at least one.
public sealed class UnitConditionsTests
{
    [Theory]
    [InlineData("", null)]
    [InlineData("/", null)]
    [InlineData("/nonexistent", "/nonexistent")]
    [InlineData("!/nonexistent", null)]
    [InlineData("/ /nonexistent /nowhere", "/nonexistent")]
    [InlineData("|/nonexistent |/", null)]
    [InlineData("|/nonexistent |/nowhere", "/nonexistent")]
    [InlineData("|!/nonexistent /", null)]
    [InlineData("|/ /nonexistent", "/nonexistent")]
    [InlineData("|/nonexistent /nowhere", "/nowhere")]
    public void Conditions_are_combined(string paths, string? unmet) => Assert.Equal(unmet, UnitConditions.FirstUnmet(
    [
        .. paths.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(path => new UnitCondition(
            "PathExists", path.TrimStart('|', '!'), path.Contains('|', StringComparison.Ordinal), path.Contains('!', StringComparison.Ordinal))),
    ])?.Argument);

    [Theory]
    [InlineData("PathIsDirectory", "/", true)]
    [InlineData("PathIsDirectory", "/etc/passwd", false)]
    [InlineData("PathExistsGlob", "/etc/pass*", true)]
    [InlineData("PathExistsGlob", "/etc/nothing*", false)]
    [InlineData("PathIsMountPoint", "/", true)]
    [InlineData("PathIsMountPoint", "/etc/passwd", false)]
    [InlineData("FileNotEmpty", "/etc/passwd", true)]
    [InlineData("FileIsExecutable", "/bin/sh", true)]
    [InlineData("FileIsExecutable", "/etc/passwd", false)]
    [InlineData("KernelVersion", ">=2.6", true)]
    [InlineData("KernelVersion", "<2.6", false)]
    [InlineData("Architecture", "x86-64", true)]
    public void A_condition_looks_at_the_host(string kind, string argument, bool holds) =>
        Assert.Equal(holds, UnitConditions.FirstUnmet([new UnitCondition(kind, argument, IsTriggering: false, IsNegated: false)]) is null);
}
