using Coreutil.Supervisor.Machine;

namespace Coreutil.Tests.Supervisor.Machine;

// As systemctl 252 prints them in show, status and list-timers.
public sealed class TimeTextTests
{
    [Theory]
    [InlineData(0, 0, "0")]
    [InlineData(100, 0, "100ms")]
    [InlineData(1_500, 0, "1.500000s")] // below a minute the rest is a fraction
    [InlineData(60_500, 0, "1min 500ms")]
    [InlineData(90_000, 0, "1min 30s")]
    [InlineData(7_200_000, 0, "2h")]
    [InlineData(7_448, 1, "7.448s")]
    [InlineData(65_448, 1, "1min 5.448s")]
    [InlineData(604_800_000, 0, "1w")]
    [InlineData(2_629_800_000, 0, "1month")]
    public void A_span_is_written_in_the_largest_units(long milliseconds, long accuracy, string text) =>
        Assert.Equal(text, TimeText.Span(TimeSpan.FromMilliseconds(milliseconds), TimeSpan.FromMilliseconds(accuracy)));

    [Fact]
    public void No_limit_is_infinity() => Assert.Equal("infinity", TimeText.Span(null));

    [Theory]
    [InlineData(0.25, "250ms")]
    [InlineData(9, "9s")]
    [InlineData(129, "2min 9s")]
    [InlineData(301, "5min")]
    [InlineData(3_900, "1h 5min")]
    [InlineData(23_400, "6h")]
    [InlineData(97_200, "1 day 3h")]
    [InlineData(180_000, "2 days")]
    [InlineData(691_200, "1 week 1 day")]
    [InlineData(5_259_600, "2 months 0 days")]
    [InlineData(63_115_200, "2 years 0 months")]
    public void A_distance_has_one_unit_or_two(double seconds, string text) =>
        Assert.Equal($"{text} ago", TimeText.Ago(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void What_is_now_is_neither_ago_nor_left() => Assert.Equal(("now", "now"), (TimeText.Ago(TimeSpan.Zero), TimeText.Left(TimeSpan.FromSeconds(-1))));
}
