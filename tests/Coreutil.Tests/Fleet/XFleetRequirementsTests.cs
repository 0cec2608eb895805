using Coreutil.Units.Files;
using static Coreutil.Tests.Fleet.Fleets;

namespace Coreutil.Tests.Fleet;

// The [X-Fleet] section (reference: fleet §d, §h).
public sealed class XFleetRequirementsTests
{
    [Fact]
    public void Old_and_new_names_mean_the_same_and_add_up()
    {
        var demands = Demands(
            "app@80.service", "MachineOf=a.service", "X-ConditionMachineOf=disco@%i.service", "Conflicts=x@*.service y.service", "X-Conflicts=z.service");

        Assert.Equal(["a.service", "disco@80.service"], demands.Peers);
        Assert.Equal(["x@*.service", "y.service", "z.service"], demands.Conflicts);
    }

    [Theory]
    [InlineData("%n", "app@80.service")]
    [InlineData("%N", "app@80")]
    [InlineData("%p-%i", "app-80")]
    [InlineData("%%i", "%80")] // there is no escape here
    [InlineData("%H", "%H")]
    public void Four_specifiers_are_replaced(string value, string expanded)
    {
        Assert.Equal([expanded], Demands("app@80.service", $"MachineOf={value}").Peers);
    }

    [Fact]
    public void The_first_of_the_first_name_is_the_machine()
    {
        Assert.Equal("b", Demands("a.service", "X-ConditionMachineID=a", "MachineID=b", "MachineID=c").MachineId);
        Assert.Equal("d", Demands("a.service", "X-ConditionMachineBootID=d").MachineId);
    }

    [Theory]
    [InlineData("164546f6aaaa", "164546f6aaaa", true)]
    [InlineData("164546f6", "164546f6aaaa", true)]
    [InlineData("164546", "164546f6aaaa", false)]
    public void A_machine_is_named_in_full_or_by_eight_characters(string demanded, string machine, bool isMet)
    {
        Assert.Equal(isMet, Demands("a.service", $"MachineID={demanded}").IsMetBy(machine));
    }

    [Theory]
    [InlineData("region=us", null)]
    [InlineData("region=eu", "disk=ssd")]        // every key
    [InlineData("region=asia", "disk=ssd")]
    public void One_value_of_every_key_is_enough(string region, string? unmet)
    {
        var demands = Demands("a.service", "MachineMetadata=\"region=us\" \"disk=ssd\"", "MachineMetadata=region=eu", "MachineMetadata=bad", "MachineMetadata=x=y=z");
        string[] own = unmet is null ? [region, "disk=ssd"] : [region];

        Assert.Equal(unmet, demands.FirstUnmetMetadata(Machine("m", own).Metadata));
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("YES", true)]
    [InlineData("1", true)]
    [InlineData("false", false)]
    [InlineData("2", false)]
    public void Global_takes_many_words_for_true(string word, bool isGlobal)
    {
        Assert.Equal(isGlobal, Demands("a.service", "Global=true", $"Global={word}").IsGlobal);
    }

    [Theory]
    [InlineData("MachineOf=a.service|Conflicts=a.*", "unresolvable requirements: peer \"a.service\" matches conflict \"a.*\"")]
    [InlineData("MachineID=m|MachineOf=a.service", "MachineID cannot be used with Peers")]
    [InlineData("MachineID=m|Conflicts=a.service", "MachineID cannot be used with Conflicts")]
    [InlineData("MachineID=m|Global=true", "MachineID cannot be used with Global")]
    [InlineData("Global=true|MachineOf=a.service", "Global cannot be used with Peers")]
    [InlineData("Global=true|Replaces=a.service", "Global cannot be used with Replaces")]
    [InlineData("Conflicts=a.service|Replaces=b.service", "Conflicts cannot be used with Replaces")]
    [InlineData("Global=true|Conflicts=a.service|MachineMetadata=a=b", null)]
    public void Demands_that_exclude_each_other_are_refused(string lines, string? contradiction)
    {
        Assert.Equal(contradiction, Demands("x.service", lines.Split('|')).FindContradiction());
    }

    // Go's path.Match.
    [Theory]
    [InlineData("app@*.service", "app@1.service", true)]
    [InlineData("app@?.service", "app@12.service", false)]
    [InlineData("app@[0-9].service", "app@7.service", true)]
    [InlineData("app@[^0-9].service", "app@7.service", false)]
    [InlineData("*", "a/b", false)]
    [InlineData("[", "[", false)]
    [InlineData("a\\*", "a*", true)]
    [InlineData("*.service", "x.service.old", false)]
    public void A_pattern_covers_the_whole_name(string pattern, string name, bool isMatch)
    {
        Assert.Equal(isMatch, PathGlob.IsMatch(pattern, name));
    }
}
