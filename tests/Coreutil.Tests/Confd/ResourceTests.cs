using System.Collections.Immutable;
using Coreutil.Confd;
using Coreutil.Confd.Resources;

namespace Coreutil.Tests.Confd;

public sealed class ResourceTests
{
    private static readonly ConfdSettings _settings = new() { Environment = ImmutableDictionary<string, string>.Empty, ConfigDirectory = "/c" };

    // confd.md §3: base 0, so that a mode without a leading zero is decimal; nine bits count.
    [Theory]
    [InlineData("0644", 0b110_100_100)]
    [InlineData("0o640", 0b110_100_000)]
    [InlineData("644", 0b010_000_100)]
    [InlineData("04755", 0b111_101_101)]
    [InlineData("0_644", 0b110_100_100)]
    [InlineData("0x1a4", 0b110_100_100)]
    public void A_mode_is_read_as_Go_reads_it(string text, int expected) => Assert.Equal((UnixFileMode)expected, FileModes.Parse(text));

    [Theory]
    [InlineData("rw", "invalid syntax")]
    [InlineData("-1", "invalid syntax")]
    [InlineData("+0644", "invalid syntax")]
    [InlineData("0888", "invalid syntax")]
    [InlineData("99999999999", "value out of range")]
    public void A_bad_mode_is_told_in_Gos_words(string text, string why) =>
        Assert.Equal($"strconv.ParseUint: parsing \"{text}\": {why}", Assert.Throws<ConfdException>(() => FileModes.Parse(text)).Message);

    // The original's default for both, and a value people write.
    [Fact]
    public void Minus_one_is_confds_own_owner() => Assert.Equal(FileOwner.Effective, FileOwner.Resolve("-1", "-1"));

    [Fact]
    public void A_link_that_leads_nowhere_is_no_file_and_is_replaced()
    {
        string directory = Directory.CreateTempSubdirectory("staged").FullName;
        try
        {
            string destination = Path.Combine(directory, "out");
            File.CreateSymbolicLink(destination, "/nowhere/at/all");

            Assert.False(FileOwner.IsFile(destination));
            using (var staged = StagedFile.Write(destination, "new"u8, FileModes.Default, FileOwner.Effective, isKept: false))
            {
                staged.Replace(FileModes.Default, FileOwner.Effective, backups: 1);
            }

            Assert.Equal("new", File.ReadAllText(destination));
            Assert.Null(new FileInfo(destination).LinkTarget);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_directory_in_its_place_is_told_in_Gos_words()
    {
        string directory = Directory.CreateTempSubdirectory("staged").FullName;
        try
        {
            string destination = Directory.CreateDirectory(Path.Combine(directory, "out")).FullName;
            using var staged = StagedFile.Write(destination, "new"u8, FileModes.Default, FileOwner.Effective, isKept: false);

            Assert.Equal(
                $"rename {staged.Path} {destination}: file exists",
                Assert.Throws<ConfdException>(() => staged.Replace(FileModes.Default, FileOwner.Effective)).Message);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // confd.md §5: a global prefix replaces the resource's own.
    [Theory]
    [InlineData("", "", "/key")]
    [InlineData("prod/", "", "/prod/key")]
    [InlineData("/prod", "/dev", "/dev/key")]
    public void The_prefix_is_joined_before_the_keys(string own, string global, string expected)
    {
        var resource = ResourceFile.Read("t.toml", $"[template]\nsrc = \"t\"\ndest = \"/d\"\nkeys = [\"/key\"]\nprefix = \"{own}\"\n", _settings with { Prefix = global });

        Assert.Equal([expected], resource.Keys);
    }

    [Fact]
    public void A_staged_file_takes_its_place_and_leaves_nothing_behind()
    {
        string directory = Directory.CreateTempSubdirectory("staged").FullName;
        try
        {
            string destination = Path.Combine(directory, "out");
            using (var staged = StagedFile.Write(destination, "new"u8, FileModes.Default, FileOwner.Effective, isKept: false))
            {
                Assert.Equal(directory, Path.GetDirectoryName(staged.Path));
                Assert.False(staged.Replace(FileModes.Default, FileOwner.Effective));
            }

            Assert.Equal([destination], Directory.GetFiles(directory));
            Assert.Equal("new", File.ReadAllText(destination));
            Assert.Equal(FileModes.Default, File.GetUnixFileMode(destination));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // The library tells a fault through exceptions that quote one another; a person needs the place and the reason.
    [Theory]
    [InlineData("[template", "t.toml:1:10: ")]
    [InlineData("[template]\nkeys = [ \"a\",\ndest = \"x\"", "t.toml:3:1: Unexpected token `dest` while parsing a value")]
    public void A_TOML_fault_is_one_line_with_its_place(string toml, string expected)
    {
        string message = Assert.Throws<ConfdException>(() => ResourceFile.Read("t.toml", toml, _settings)).Message;

        Assert.StartsWith("Cannot process template resource t.toml - toml: " + expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("template = 1")]
    [InlineData("[[template]]\nsrc = \"t\"\n")]
    public void The_template_is_a_table(string toml) => Assert.EndsWith(
        "toml: (last key \"template\"): type mismatch: expected table",
        Assert.Throws<ConfdException>(() => ResourceFile.Read("t.toml", toml, _settings)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Keys_of_our_own_are_read_and_others_noted()
    {
        var resource = ResourceFile.Read(
            "t.toml", "[template]\nsrc = \"t\"\noptional = true\nwait = \"1s:2s\"\nbackup = 3\nleft_delimiter = \"<<\"\nownr = \"x\"\n", _settings);

        Assert.Equal((true, 3, "<<", "}}"), (resource.IsOptional, resource.Backups, resource.Delimiters.Left, resource.Delimiters.Right));
        Assert.Equal(new WaitTimes(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)), resource.Wait);
        Assert.Equal(["ownr"], resource.UnknownKeys);
    }
}
