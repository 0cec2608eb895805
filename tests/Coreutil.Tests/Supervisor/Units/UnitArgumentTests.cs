using Coreutil.Supervisor;
using Coreutil.Supervisor.Units;

namespace Coreutil.Tests.Supervisor.Units;

// systemctl's name mangling.
public sealed class UnitArgumentTests
{
    [Theory]
    [InlineData("a", "a.service", false)]
    [InlineData("a.timer", "a.timer", false)]
    [InlineData("a.b", "a.b.service", false)]
    [InlineData("a@1", "a@1.service", false)]
    [InlineData("/mnt/data", "mnt-data.mount", false)]
    [InlineData("/dev/sda", "dev-sda.device", false)]
    [InlineData("a*", "a*", false)]
    [InlineData("a@[12].service", "a@[12].service", false)]
    [InlineData("a/b", "a-b.service", true)]
    [InlineData("a b.socket", @"a\x20b.socket", true)]
    public void An_argument_becomes_the_name_of_a_unit(string argument, string name, bool isEscaped) =>
        Assert.Equal((name, isEscaped), UnitArgument.Complete(argument));

    [Theory]
    [InlineData("z-*", "z-a.service", true)]
    [InlineData("z-?.service", "z-a.service", true)]
    [InlineData("z-[!a].service", "z-a.service", false)]
    [InlineData("z-[!a].service", "z-b.service", true)]
    [InlineData("z-a", "z-a.service", false)]
    public void A_pattern_covers_the_whole_name(string pattern, string name, bool isMatch) =>
        Assert.Equal(isMatch, UnitPatterns.IsMatch(pattern, name));
}
