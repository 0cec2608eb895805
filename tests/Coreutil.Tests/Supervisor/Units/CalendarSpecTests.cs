using System.Globalization;
using Coreutil.Supervisor.Units;

namespace Coreutil.Tests.Supervisor.Units;

// systemd.time(7), CALENDAR EVENTS; the moments were printed by systemd-analyze calendar --base-time.
public sealed class CalendarSpecTests
{
    [Theory]
    [InlineData("Mon..Fri *-*-* 08:00:00 UTC", "2026-11-28T12:00:00", "2026-11-30T08:00:00")]
    [InlineData("*-*-* 00:00:00 UTC", "2026-11-25T00:00:00", "2026-11-26T00:00:00")]
    [InlineData("*:0/15 UTC", "2026-11-25T10:46:00", "2026-11-25T11:00:00")]
    [InlineData("*-*-01 00:00:00 UTC", "2026-12-31T10:00:00", "2027-01-01T00:00:00")]
    [InlineData("*-02-29 12:00 UTC", "2026-01-01T00:00:00", "2028-02-29T12:00:00")]
    [InlineData("Sat,Sun 10:30 UTC", "2026-11-25T00:00:00", "2026-11-28T10:30:00")]
    [InlineData("*:*:* UTC", "2026-11-25T10:46:07", "2026-11-25T10:46:08")]
    [InlineData("2026-11-25 10:00 UTC", "2026-11-25T10:00:00", "")]
    public void The_next_moment_is_found(string text, string after, string next)
    {
        var from = DateTimeOffset.Parse(after, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

        var found = CalendarSpec.TryParse(text)!.Next(from);

        Assert.Equal(next, found?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture) ?? "");
    }

    [Theory]
    [InlineData("tomorrow-ish")]
    [InlineData("25:00")]
    [InlineData("*-13-01")]
    [InlineData("Mon..Foo 10:00")]
    [InlineData("10:00 11:00 12:00")]
    public void Nonsense_is_none(string text) => Assert.Null(CalendarSpec.TryParse(text));
}
