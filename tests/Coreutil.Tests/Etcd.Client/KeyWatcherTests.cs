using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;

namespace Coreutil.Tests.Etcd.Client;

// A mirror of a subtree: listed first, then event by event, listed again after anything was missed.
public sealed class KeyWatcherTests
{
    private readonly ScriptedKeys _keys = new();

    [Fact]
    public async Task It_lists_and_then_waits_from_the_listings_index_on()
    {
        _keys.Answer("get", "/a", 20, isDirectory: true).Answer("set", "/a/x", 25).Answer("set", "/a/y", 26);

        Assert.Equal(["listed 20", "set /a/x", "set /a/y"], await TakeAsync(3));
        Assert.Equal(["get /a recursive", "wait /a recursive 21", "wait /a recursive 26"], _keys.Asked.Take(3));
    }

    [Fact]
    public async Task A_cleared_history_is_listed_again()
    {
        _keys.Answer("get", "/a", 20, isDirectory: true)
            .Fail(new EtcdException(new(EtcdErrorCode.EventIndexCleared, "", 5000)))
            .Answer("get", "/a", 5001, isDirectory: true)
            .Answer("set", "/a/x", 5002);

        Assert.Equal(["listed 20", "listed 5001", "set /a/x"], await TakeAsync(3));
    }

    [Fact]
    public async Task After_an_interruption_it_lists_again()
    {
        _keys.Answer("get", "/a", 20, isDirectory: true)
            .Fail(new EtcdUnavailableException(["connection refused"]))
            .Fail(new EtcdException(new(EtcdErrorCode.KeyNotFound, "/a", 30)))
            .Answer("set", "/a/x", 31);

        Assert.Equal(["listed 20", "interrupted", "missing 30", "set /a/x"], await TakeAsync(4));
        Assert.Equal("wait /a recursive 31", _keys.Asked[3]);
    }

    private async Task<List<string>> TakeAsync(int count)
    {
        using var stop = new CancellationTokenSource();
        var taken = new List<string>();
        await foreach (var change in new KeyWatcher(_keys, new EagerTime()).WatchAsync("/a", stop.Token))
        {
            taken.Add(change switch
            {
                KeyChange.Happened happened => $"{happened.Event.Action} {happened.Event.Node.Key}",
                KeyChange.Listed { Root: null } missing => $"missing {missing.Index}",
                KeyChange.Listed listed => $"listed {listed.Index}",
                _ => "interrupted",
            });
            if (taken.Count == count)
            {
                break;
            }
        }

        return taken;
    }
}
