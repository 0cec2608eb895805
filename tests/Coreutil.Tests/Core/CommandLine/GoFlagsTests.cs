using System.CommandLine;
using Coreutil.Core.CommandLine;

namespace Coreutil.Tests.Core.CommandLine;

// Go's flag package: the rules of reading a vector, and its error texts.
public sealed class GoFlagsTests
{
    private static readonly RootCommand _command = new()
    {
        new Option<string>("--name"),
        new Option<bool>("--watch"),
        new Option<int>("--interval"),
    };

    [Theory]
    [InlineData("-name v", "--name=v", "")]
    [InlineData("--name v", "--name=v", "")]
    [InlineData("-name=v", "--name=v", "")]
    [InlineData("-name=", "--name=", "")]
    [InlineData("-name -watch", "--name=-watch", "")] // a value is taken whatever it looks like
    [InlineData("-watch", "--watch=true", "")]
    [InlineData("-watch=0", "--watch=false", "")]
    [InlineData("-watch false", "--watch=true", "false")] // a bare boolean takes no second word
    [InlineData("-interval 5", "--interval=5", "")]
    [InlineData("-interval=+5", "--interval=5", "")]
    [InlineData("-interval=-0x1F", "--interval=-31", "")] // the literals of the language
    [InlineData("-interval 010", "--interval=8", "")]
    [InlineData("-interval 0o1_0", "--interval=8", "")]
    [InlineData("-interval 0b101", "--interval=5", "")]
    [InlineData("-interval 1_000", "--interval=1000", "")]
    [InlineData("-interval -9223372036854775808", "--interval=-9223372036854775808", "")]
    [InlineData("word -watch", "", "word -watch")] // the first word ends the flags
    [InlineData("-watch -- -name", "--watch=true", "-name")]
    [InlineData("-", "", "-")]
    public void Flags_are_read_as_Go_reads_them(string vector, string flags, string words)
    {
        var parsed = Assert.IsType<GoFlagResult.Parsed>(Parse(vector));

        Assert.Equal(flags, string.Join(' ', parsed.Flags.Select(flag => flag.Canonical)));
        Assert.Equal(words, string.Join(' ', parsed.Words));
    }

    [Theory]
    [InlineData("-nope", "flag provided but not defined: -nope")]
    [InlineData("-name", "flag needs an argument: -name")]
    [InlineData("-interval x", "invalid value \"x\" for flag -interval: parse error")]
    [InlineData("-interval=", "invalid value \"\" for flag -interval: parse error")]
    [InlineData("-interval 0x", "invalid value \"0x\" for flag -interval: parse error")]
    [InlineData("-interval 08", "invalid value \"08\" for flag -interval: parse error")]
    [InlineData("-interval _1", "invalid value \"_1\" for flag -interval: parse error")]
    [InlineData("-interval 1__0", "invalid value \"1__0\" for flag -interval: parse error")]
    [InlineData("-interval 1.5", "invalid value \"1.5\" for flag -interval: parse error")]
    [InlineData("-interval 9223372036854775808", "invalid value \"9223372036854775808\" for flag -interval: value out of range")]
    [InlineData("-watch=maybe", "invalid boolean value \"maybe\" for -watch: parse error")]
    [InlineData("---name", "bad flag syntax: ---name")]
    [InlineData("-=x", "bad flag syntax: -=x")]
    public void What_Go_refuses_is_refused_in_its_words(string vector, string message)
    {
        Assert.Equal(message, Assert.IsType<GoFlagResult.Refused>(Parse(vector)).Message);
    }

    [Theory]
    [InlineData("-h")]
    [InlineData("--help")]
    public void Help_is_asked_for_only_where_no_flag_has_that_name(string vector)
    {
        Assert.IsType<GoFlagResult.HelpRequested>(Parse(vector));
    }

    [Fact]
    public void An_interspersed_vector_has_flags_behind_its_words()
    {
        var parsed = Assert.IsType<GoFlagResult.Parsed>(GoFlags.Parse(["set", "-watch", "k"], Find, isInterspersed: true));

        Assert.Equal(["set", "k"], parsed.Words);
        Assert.Equal("--watch=true", Assert.Single(parsed.Flags).Canonical);
    }

    private static GoFlagResult Parse(string vector) => GoFlags.Parse(vector.Split(' '), Find);

    private static Option? Find(string name) => GoFlags.Find(_command, name);
}
