using System.Collections.Immutable;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;

namespace Coreutil.Tests.Etcd.Client;

// "Never loses an event between two polls (chains waitIndex, re-lists on 401), survives a server restart."
public sealed class EventStreamTests
{
    private static readonly EtcdException _cleared = new(new(EtcdErrorCode.EventIndexCleared, "the requested history has been cleared", 2000));
    private readonly ScriptedKeys _keys = new();

    [Fact]
    public async Task A_wait_begins_where_the_event_before_it_ended()
    {
        _keys.Answer("set", "/a/x", 7).Answer("set", "/a/y", 9);

        var changes = await TakeAsync(2, firstIndex: 5);

        Assert.Equal(["set /a/x", "set /a/y"], changes);
        Assert.Equal(["wait /a recursive 5", "wait /a recursive 8"], _keys.Asked.Take(2));
    }

    [Fact]
    public async Task A_poll_that_breaks_before_its_first_event_goes_on_from_the_index_it_had_begun_at()
    {
        _keys.Fail(new EtcdUnavailableException(["unexpected EOF"]) { BegunIndex = 41 }).Answer("set", "/a/x", 42);

        var changes = await TakeAsync(2, firstIndex: 0);

        Assert.Equal(["interrupted", "set /a/x"], changes);
        Assert.Equal(["wait /a recursive 0", "wait /a recursive 42"], _keys.Asked.Take(2));
    }

    [Fact]
    public async Task A_long_outage_is_told_once()
    {
        _keys.Answer("set", "/a/x", 3);
        for (int attempt = 0; attempt < 5; attempt++)
        {
            _keys.Fail(new EtcdUnavailableException(["connection refused"]));
        }

        _keys.Answer("set", "/a/y", 4);

        Assert.Equal(["set /a/x", "interrupted", "set /a/y"], await TakeAsync(3, firstIndex: 1));
        Assert.All(_keys.Asked.Skip(1).Take(6), asked => Assert.Equal("wait /a recursive 4", asked));
    }

    [Fact]
    public async Task What_the_history_no_longer_holds_is_made_up_from_a_listing()
    {
        _keys.Answer("set", "/a/old", 10).Answer("set", "/a/gone", 11).Fail(_cleared);
        _keys.Answer(Listing(2001, Leaf("/a/new", 1500), Leaf("/a/old", 10), Leaf("/a/written-again", 40), Leaf("/a/long-before", 2)));
        _keys.Answer("set", "/a/next", 2002);

        var changes = await TakeAsync(7, firstIndex: 10);

        Assert.Equal(["set /a/old", "set /a/gone", "listed", "set /a/written-again", "set /a/new", "delete /a/gone", "set /a/next"], changes);
        Assert.Equal(["get /a recursive", "wait /a recursive 2002"], _keys.Asked.TakeLast(2));
    }

    [Fact]
    public async Task A_missing_directory_is_an_empty_listing()
    {
        _keys.Answer("set", "/a/x", 10).Fail(_cleared).Fail(new EtcdException(new(EtcdErrorCode.KeyNotFound, "/a", 3000))).Answer("set", "/a/y", 3001);

        Assert.Equal(["set /a/x", "listed", "delete /a/x", "set /a/y"], await TakeAsync(4, firstIndex: 1));
        Assert.Equal("wait /a recursive 3001", _keys.Asked[^1]);
    }

    [Fact]
    public async Task A_refusal_that_will_not_pass_is_thrown()
    {
        _keys.Fail(new EtcdException(new(EtcdErrorCode.Unauthorized, "Insufficient credentials", 0)));

        await Assert.ThrowsAsync<EtcdException>(() => TakeAsync(1, firstIndex: 0));
    }

    private async Task<List<string>> TakeAsync(int count, ulong firstIndex)
    {
        using var stop = new CancellationTokenSource();
        var taken = new List<string>();
        await foreach (var change in new EventStream(_keys, new EagerTime()).FollowAsync("/a", isRecursive: true, firstIndex, stop.Token))
        {
            taken.Add(change switch
            {
                KeyChange.Happened happened => $"{happened.Event.Action} {happened.Event.Node.Key}",
                KeyChange.Listed => "listed",
                _ => "interrupted",
            });
            if (taken.Count == count)
            {
                break;
            }
        }

        return taken;
    }

    private static KeyNode Leaf(string key, ulong index) => new() { Key = key, Value = "v", ModifiedIndex = index, CreatedIndex = index };

    private static KeyResponse Listing(ulong index, params ImmutableArray<KeyNode> nodes) =>
        new(new KeyEvent("get", new KeyNode { Key = "/a", IsDirectory = true, Nodes = nodes }), index);
}
