using System.Collections.Immutable;
using Coreutil.Units.Files;

namespace Coreutil.Tests.Units.Files;

// systemd.service(5), COMMAND LINES; rows that fleet §i does not record follow the manual only.
public sealed class ExecLineTests
{
    [Theory]
    [InlineData("/bin/x a  b", "/bin/x|a|b")]
    [InlineData("/bin/x \"x\"y 'a'\"b\"c \\x41", "/bin/x|xy|abc|A")]
    [InlineData("/bin/x \"a b\" 'c d' ''", "/bin/x|a b|c d|")]
    [InlineData("/bin/x '\\'q\\''", "/bin/x|'q'")]
    [InlineData("/bin/x a\\sb \\101 \\u00e9 \\U0001F600", "/bin/x|a b|A|é|😀")]
    [InlineData("/bin/x \\q", "/bin/x|\\q")]
    [InlineData("/bin/x \\\n# comment\n b", "/bin/x|b")]
    [InlineData("/bin/x \\;", "/bin/x|;")]
    [InlineData("/bin/x ';'", "/bin/x|;")]
    public void A_line_is_split_into_words(string line, string words) => Assert.Equal(words, string.Join('|', Assert.Single(Parse(line)).Words));

    [Fact]
    public void A_semicolon_of_its_own_begins_the_next_command() =>
        Assert.Equal(["/bin/a", "/bin/b"], Parse("/bin/a ; -/bin/b x").Select(command => command.Path));

    // What a specifier brings along stays in its word: words are split first, specifiers expanded after.
    [Theory]
    [InlineData("/bin/x %i y")]
    [InlineData("/bin/x \"%i\" y")]
    public void What_a_specifier_brings_is_not_split(string line)
    {
        var result = ExecLine.Parse(line, word => word.Replace("%i", "a 'b ;", StringComparison.Ordinal));

        Assert.Equal(["/bin/x", "a 'b ;", "y"], Assert.Single(Assert.IsType<ExecLineResult.Parsed>(result).Commands).Words);
    }

    [Theory]
    [InlineData("-/bin/x", true, false, false)]
    [InlineData(":/bin/x", false, true, false)]
    [InlineData(":-/bin/x", true, true, false)]
    [InlineData("!!/bin/x", false, false, false)]
    [InlineData("- /bin/x", true, false, true)]
    public void Prefixes_stand_in_any_order(string line, bool isIgnored, bool isLiteral, bool isDetached)
    {
        var command = Assert.Single(Parse(line));

        Assert.Equal(("/bin/x", isIgnored, isLiteral, isDetached), (command.Path, command.IsFailureIgnored, command.IsLiteral, command.HasDetachedPrefix));
    }

    [Fact]
    public void An_at_sign_gives_the_program_another_name()
    {
        var command = Assert.Single(Parse("@/bin/x name a"));

        Assert.Equal("/bin/x", command.Path);
        Assert.Equal(["name", "a"], command.Words);
    }

    [Theory]
    [InlineData("/bin/x 'a")]
    [InlineData("/bin/x \"a")]
    [InlineData("@/bin/x")]
    [InlineData("-")]
    [InlineData("/bin/x a\\x00b")]
    [InlineData("/bin/x \\000")]
    [InlineData("+!/bin/x")]
    [InlineData("--/bin/x")]
    [InlineData("x/y")]
    [InlineData("/bin/")]
    public void A_line_that_cannot_be_run_is_refused(string line) => Assert.IsType<ExecLineResult.Refused>(ExecLine.Parse(line, word => word));

    // A="one two", Q with a lone quote, B with quotes, E empty.
    [Theory]
    [InlineData("$A ${A}", "one|two|one two")]
    [InlineData("$NOPE ${NOPE}", "")]
    [InlineData("a$A a${A}b", "a$A|aone twob")]
    [InlineData("$A-x y", "y")]
    [InlineData("$$A $$", "$A|$")]
    [InlineData("$B", "x y|z")]
    [InlineData("$Q", "it|s|a lone one")]
    [InlineData("$E e", "e")]
    public void Variables_are_filled_in(string words, string filled)
    {
        var environment = new Dictionary<string, string>
        {
            ["A"] = "one two",
            ["B"] = "'x y' z",
            ["Q"] = "it s 'a lone one",
            ["E"] = "",
        };

        Assert.Equal(filled, string.Join('|', ExecLine.Substitute(words.Split(' '), environment)));
    }

    private static ImmutableArray<ExecCommandLine> Parse(string line) => Assert.IsType<ExecLineResult.Parsed>(ExecLine.Parse(line, word => word)).Commands;
}
