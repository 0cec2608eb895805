using Coreutil.Fleet.Registry;

namespace Coreutil.Tests.Fleet.Registry;

// A machine writes its object again when half of its time is over (reference: fleet §b).
public sealed class HeartbeatsTests
{
    private readonly SteppedTime _time = new();

    [Theory]
    [InlineData(30, true, 13, false)]
    [InlineData(30, true, 14, true)] // a second before its half
    [InlineData(60, true, 14, false)] // its own TTL counts, not the engine's
    [InlineData(10, true, 5, true)]
    [InlineData(29, false, 12, false)] // listed: only what is left is known
    [InlineData(20, false, 4, true)]
    [InlineData(0, true, 1000, false)] // it never expires
    public void A_machine_is_due_shortly_before_half_of_its_time_is_over(int left, bool isWhole, int elapsed, bool isDue)
    {
        var heartbeats = new Heartbeats(_time);
        heartbeats.OnKey("machines/m1/object", TimeSpan.FromSeconds(left), isWhole);
        _time.Advance(TimeSpan.FromSeconds(elapsed));

        Assert.Equal(isDue ? ["m1"] : [], heartbeats.Due(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void It_is_not_when_it_was_heard_of_and_when_it_is_gone()
    {
        var heartbeats = new Heartbeats(_time);
        foreach (string key in (string[])["machines/m1/object", "machines/m2/object", "machines/m3/object", "machines/m4/x-api", "states/a/object"])
        {
            heartbeats.OnKey(key, TimeSpan.FromSeconds(30), isWhole: true);
        }

        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(["m1", "m2", "m3"], heartbeats.Due(TimeSpan.FromSeconds(30)).Order(StringComparer.Ordinal));
        heartbeats.OnKey("machines/m1/object", TimeSpan.FromSeconds(30), isWhole: true);
        heartbeats.OnRemoved("machines/m3/object");
        Assert.Equal(["m2"], heartbeats.Due(TimeSpan.FromSeconds(30)));
    }
}
