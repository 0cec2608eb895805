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
    public void A_mode_is_read_as_Go_reads_it(string text, int expected) => Assert.Equal((UnixFileMode)expected, FileModes.Parse(text));

    [Fact]
    public void A_bad_mode_is_told_in_Gos_words() =>
        Assert.Equal("strconv.ParseUint: parsing \"rw\": invalid syntax", Assert.Throws<ConfdException>(() => FileModes.Parse("rw")).Message);

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
