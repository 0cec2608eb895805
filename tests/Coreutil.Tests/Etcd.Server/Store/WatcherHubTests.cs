using Coreutil.Etcd.Server.Store;

namespace Coreutil.Tests.Etcd.Server.Store;

/// <summary>Who is told of what (etcd.md §1.9); the double going was recorded from etcd 2.3.8 and 3.4.</summary>
public sealed class WatcherHubTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly KeyStore _store = new(StoreView.Empty);
    private readonly WatcherHub _hub = new(EventWindow.Of(1000), historyStartsAfter: 0, []);

    [Theory]
    [InlineData("/d", false, 2)] // the very key: of its going, and of the event
    [InlineData("/d", true, 2)]
    [InlineData("/", true, 1)]
    [InlineData("/", false, 0)]
    [InlineData("/d/k", false, 1)] // was there
    [InlineData("/d/other", false, 0)] // was not
    [InlineData("/dd", true, 0)]
    public void A_directory_that_goes_wakes_whom_it_concerns(string watched, bool isRecursive, int times)
    {
        Do(new(StoreAction.Set, "/d/k", _now));
        var watcher = Watch(watched, isRecursive);

        Do(new(StoreAction.Delete, "/d", _now) { IsRecursive = true });

        Assert.Equal(times, watcher.Events.Count);
    }

    [Theory]
    [InlineData("/", false)]
    [InlineData("/d", false)]
    [InlineData("/d/_h", true)] // looks from inside
    [InlineData("/d/_h/k", true)]
    public void A_hidden_key_is_seen_from_inside_only(string watched, bool isSeen)
    {
        var watcher = Watch(watched, isRecursive: true);

        Do(new(StoreAction.Set, "/d/_h/k", _now));

        Assert.Equal(isSeen ? 1 : 0, watcher.Events.Count);
    }

    [Fact]
    public void A_refresh_wakes_nobody_and_a_watcher_of_the_future_waits_for_it()
    {
        Do(new(StoreAction.Set, "/k", _now));
        var now = Watch("/k", isRecursive: false);
        var later = _hub.Register("/k", isRecursive: false, isStream: false, sinceIndex: 4, () => _store.View.Index).Watcher!;

        Do(new(StoreAction.Update, "/k", _now) { IsRefresh = true, Deadline = _now.AddDays(1) });
        Assert.Equal((0, 0), (now.Events.Count, later.Events.Count));

        Do(new(StoreAction.Set, "/k", _now));
        Assert.Equal((1, 0), (now.Events.Count, later.Events.Count));

        Do(new(StoreAction.Set, "/k", _now));
        Assert.Equal((2, 1), (now.Events.Count, later.Events.Count));
    }

    private Watcher Watch(string key, bool isRecursive) =>
        _hub.Register(key, isRecursive, isStream: true, sinceIndex: 0, () => _store.View.Index).Watcher!;

    private void Do(StoreCommand command)
    {
        foreach (var occurred in _store.Apply(command).Events)
        {
            _hub.Publish(occurred);
        }
    }
}
