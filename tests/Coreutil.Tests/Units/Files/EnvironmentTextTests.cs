using Coreutil.Units.Files;

namespace Coreutil.Tests.Units.Files;

// systemd.exec(5), Environment= and EnvironmentFile=.
public sealed class EnvironmentTextTests
{
    [Theory]
    [InlineData("A=1 B=2", "A=1|B=2")]
    [InlineData("\"A=one two\" B='x y'", "A=one two|B=x y")]
    [InlineData("A=$B", "A=$B")]
    [InlineData("A= nothing 1X=3", "A=")]
    [InlineData("A=%i B=2", "A=v w'|B=2")]
    public void A_line_holds_words_with_a_name(string line, string assignments) => Assert.Equal(
        assignments,
        Join(EnvironmentText.ParseAssignments(line, word => word.Replace("%i", "v w'", StringComparison.Ordinal))));

    [Theory]
    [InlineData("A=1\nB=2\r\nC=3", "A=1|B=2|C=3")]
    [InlineData("# A=1\n; B=2\n\n  C = x y  \n", "C=x y")]
    [InlineData("# goes on \\\nA=1\nB=2", "B=2")]
    [InlineData("A='x y' \nB=\"x y\"", "A=x y|B=x y")]
    [InlineData("A=it's", "A=it's")]
    [InlineData("A=x\"y z\"", "A=x\"y z\"")]
    [InlineData("A='x'\"y\"z", "A=xyz")]
    [InlineData("A=\"\\\" \\\\ \\` \\$ \\n\"", "A=\" \\ ` $ \\n")]
    [InlineData("A='\\n'", "A=\\n")]
    [InlineData("A=\\x\\\\", "A=x\\")]
    [InlineData("A=\"one\ntwo\"\nB='1\n2'", "A=one\ntwo|B=1\n2")]
    [InlineData("A=one\\\ntwo\nB=\"1\\\n2\"", "A=onetwo|B=12")]
    [InlineData("A=$B ${C}", "A=$B ${C}")]
    [InlineData("no assignment\nexport A=1\nB=", "B=")]
    public void A_file_is_read_as_systemd_reads_it(string text, string assignments) => Assert.Equal(assignments, Join(EnvironmentText.ParseFile(text)));

    private static string Join(IEnumerable<KeyValuePair<string, string>> assignments) => string.Join('|', assignments.Select(pair => $"{pair.Key}={pair.Value}"));
}
