using Coreutil.Core.CommandLine;

namespace Coreutil.Tests.Core.CommandLine;

// Go's time.ParseDuration and Duration.String.
public sealed class GoDurationTests
{
    [Theory]
    [InlineData("30s", 30_000)]
    [InlineData("1m30s", 90_000)]
    [InlineData("500ms", 500)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("0", 0)]
    [InlineData("-2s", -2000)]
    public void A_duration_is_a_sum_of_numbers_with_units(string text, double milliseconds)
    {
        Assert.True(GoDuration.TryParse(text, out var duration));
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("s")]
    [InlineData("3x")]
    [InlineData("1..2s")]
    public void A_number_without_its_unit_is_no_duration(string text)
    {
        Assert.False(GoDuration.TryParse(text, out _));
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(1.5, "1.5ms")]
    [InlineData(2180, "2.18s")]
    [InlineData(61_000, "1m1s")]
    [InlineData(3_723_500, "1h2m3.5s")]
    public void Printing_starts_at_the_largest_unit(double milliseconds, string text)
    {
        Assert.Equal(text, GoDuration.Format(TimeSpan.FromMilliseconds(milliseconds)));
    }
}
