using Coreutil.Confd.Resources;

namespace Coreutil.Tests.Confd.Resources;

public sealed class UnifiedDiffTests
{
    // The forms of diff -u: three lines around, one number for one line, an empty range after its line.
    [Theory]
    [InlineData("a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n")]
    [InlineData("", "a\n", "@@ -0,0 +1 @@\n+a\n")]
    [InlineData("a\n", "", "@@ -1 +0,0 @@\n-a\n")]
    [InlineData("a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n")]
    [InlineData("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n5\n6\n7\n8\n9\n", "@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+X\n 5\n 6\n 7\n")]
    public void A_hunk_shows_the_change_with_three_lines_around(string before, string after, string expected) =>
        Assert.Equal("--- a\n+++ b\n" + expected, UnifiedDiff.Create("a", before, "b", after));

    [Fact]
    public void Equal_texts_have_no_diff() => Assert.Equal("", UnifiedDiff.Create("a", "x\ny", "b", "x\ny"));

    [Fact]
    public void Changes_far_apart_are_two_hunks()
    {
        string before = string.Concat(Enumerable.Range(1, 30).Select(i => $"{i}\n"));
        string diff = UnifiedDiff.Create("a", before, "b", before.Replace("2\n3\n", "2\nX\n", StringComparison.Ordinal).Replace("28\n", "Y\n", StringComparison.Ordinal));

        Assert.Contains("-3\n+X\n", diff, StringComparison.Ordinal);
        Assert.Contains("-28\n+Y\n", diff, StringComparison.Ordinal);
        Assert.Equal(2 * 2, diff.Split("@@").Length - 1);
    }
}
