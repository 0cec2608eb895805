using Coreutil.Units.Files;

namespace Coreutil.Tests.Units.Files;

// systemd.time(7), PARSING TIME SPANS.
public sealed class TimeSpanTextTests
{
    [Theory]
    [InlineData("5", 5)]
    [InlineData("0", 0)]
    [InlineData("3m", 180)]
    [InlineData("1min 30s", 90)]
    [InlineData("1h30min", 5400)]
    [InlineData("2 h", 7200)]
    [InlineData("500ms", 0.5)]
    [InlineData("1.5s", 1.5)]
    [InlineData("1d 1w", 691200)]
    [InlineData("1M", 2629800)]
    [InlineData("1y", 31557600)]
    public void A_span_has_its_seconds(string text, double seconds)
    {
        Assert.True(TimeSpanText.TryParse(text, out var span));
        Assert.Equal(TimeSpan.FromSeconds(seconds), span);
    }

    [Fact]
    public void Infinity_is_no_limit()
    {
        Assert.True(TimeSpanText.TryParse("infinity", out var span));
        Assert.Null(span);
    }

    [Theory]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("5 parsecs")]
    [InlineData("-1")]
    public void What_is_no_span_is_refused(string text) => Assert.False(TimeSpanText.TryParse(text, out _));
}
