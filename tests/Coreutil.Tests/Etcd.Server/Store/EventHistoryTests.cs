using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Store;

namespace Coreutil.Tests.Etcd.Server.Store;

public sealed class EventHistoryTests
{
    // etcd.md §1.9: the ring holds the last 1000 events of the whole store.
    [Fact]
    public void The_original_window_holds_exactly_its_number_of_events()
    {
        var history = Filled(EventWindow.Of(1000), 3500, value: "v");

        Assert.Equal(2501ul, history.Oldest);
        Assert.Equal(1000, history.Since(2501, "/", isRecursive: true, int.MaxValue).Length);
    }

    [Fact]
    public void A_window_by_memory_keeps_more_of_small_events_and_never_less_than_the_original()
    {
        Assert.Equal(1ul, Filled(new EventWindow(int.MaxValue, 10_000_000), 5000, value: "v").Oldest);
        Assert.Equal(5000ul - EventWindow.Original + 1, Filled(new EventWindow(int.MaxValue, 10_000), 5000, value: "v").Oldest);
    }

    [Theory]
    [InlineData(1, 3)] // older than all there is: from the first
    [InlineData(12, 2)]
    [InlineData(13, 1)]
    [InlineData(14, 0)] // the future
    [InlineData(999, 0)]
    public void Replay_begins_at_the_index_asked_for(ulong since, int events)
    {
        var history = new EventHistory(EventWindow.Of(3), startsAfter: 9);
        foreach (ulong index in (ulong[])[10, 11, 12, 13])
        {
            history.Add(Event(index, "v"));
        }

        Assert.Equal(events, history.Since(since, "/k", isRecursive: false, int.MaxValue).Length);
        Assert.Equal(Math.Min(events, 1), history.Since(since, "/k", isRecursive: false, limit: 1).Length);
    }

    [Fact]
    public void The_newest_events_are_the_last_ones_in_order()
    {
        var newest = Filled(EventWindow.Of(1000), 1200, value: "v").Newest(EventWindow.Of(5));

        Assert.Equal([1196ul, 1197, 1198, 1199, 1200], newest.Select(occurred => occurred.Index));
    }

    private static EventHistory Filled(EventWindow window, int count, string value)
    {
        var history = new EventHistory(window, startsAfter: 0);
        for (int index = 1; index <= count; index++)
        {
            history.Add(Event((ulong)index, value));
        }

        return history;
    }

    private static StoreEvent Event(ulong index, string value) =>
        new(StoreSpace.Keys, new KeyEvent("set", new KeyNode { Key = "/k", Value = value, ModifiedIndex = index, CreatedIndex = index }));
}
