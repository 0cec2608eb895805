using System.Text;
using System.Text.Json;
using Coreutil.Applets.Etcdctl;

namespace Coreutil.Tests.Etcdctl;

// etcd 0.4's store as JSON (etcd.md §6, import: hidden keys only where named, TTLs of at least 300 s).
public sealed class OldSnapshotTests
{
    private static readonly DateTimeOffset _now = new(2014, 10, 1, 12, 0, 0, TimeSpan.Zero);

    // The fields and their order are as etcd 0.4.9 writes them.
    private const string Store =
        """
        {"Root":{"Path":"/","CreatedIndex":0,"ModifiedIndex":0,"ExpireTime":"0001-01-01T00:00:00Z","ACL":"","Value":"","Children":{
          "_etcd":{"Path":"/_etcd","CreatedIndex":1,"ModifiedIndex":1,"ExpireTime":"0001-01-01T00:00:00Z","ACL":"","Value":"","Children":{
            "machines":{"Path":"/_etcd/machines","CreatedIndex":1,"ModifiedIndex":1,"ExpireTime":"0001-01-01T00:00:00Z","ACL":"","Value":"","Children":{}}}},
          "b":{"Path":"/b","CreatedIndex":4,"ModifiedIndex":4,"ExpireTime":"2014-10-01T12:00:30.25Z","ACL":"","Value":"2","Children":null},
          "a":{"Path":"/a","CreatedIndex":3,"ModifiedIndex":3,"ExpireTime":"0001-01-01T00:00:00Z","ACL":"","Value":"1\u003c\u0026","Children":null},
          "empty":{"Path":"/empty","CreatedIndex":8,"ModifiedIndex":8,"ExpireTime":"0001-01-01T00:00:00Z","ACL":"","Value":"","Children":{}},
          "d":{"Path":"/d","CreatedIndex":5,"ModifiedIndex":5,"ExpireTime":"0001-01-01T00:00:00Z","ACL":"","Value":"","Children":{
            "_h":{"Path":"/d/_h","CreatedIndex":6,"ModifiedIndex":6,"ExpireTime":"0001-01-01T00:00:00Z","ACL":"","Value":"hidden","Children":null},
            "x":{"Path":"/d/x","CreatedIndex":5,"ModifiedIndex":5,"ExpireTime":"2014-10-01T13:00:00Z","ACL":"","Value":"3","Children":null}}},
          "_hidden":{"Path":"/_hidden","CreatedIndex":7,"ModifiedIndex":7,"ExpireTime":"0001-01-01T00:00:00Z","ACL":"","Value":"","Children":{
            "h":{"Path":"/_hidden/h","CreatedIndex":7,"ModifiedIndex":7,"ExpireTime":"0001-01-01T00:00:00Z","ACL":"","Value":"4","Children":null}}}}},
         "WatcherHub":{"EventHistory":{"Queue":{"Events":[],"Size":0,"Front":0,"Back":0,"Capacity":1000},"StartIndex":0,"LastIndex":0}},
         "CurrentIndex":8,"Stats":{"getsSuccess":0},"CurrentVersion":2}
        """;

    [Fact]
    public void Its_keys_come_in_order_with_what_is_left_of_their_TTLs_but_at_least_five_minutes()
    {
        Assert.Equal(
            [new("/a", "1<&", null), new("/b", "2", TimeSpan.FromSeconds(300)), new("/d/x", "3", TimeSpan.FromHours(1))],
            OldSnapshot.Parse(Encoding.UTF8.GetBytes(Store)).Keys([], _now));
    }

    [Fact]
    public void A_hidden_directory_comes_where_it_is_named_and_an_unknown_one_is_refused()
    {
        var store = OldSnapshot.Parse(Encoding.UTF8.GetBytes(Store));

        Assert.Equal(["/a", "/b", "/d/x", "/_hidden/h"], store.Keys(["/_hidden"], _now).Select(key => key.Key));
        var failure = Assert.Throws<EtcdctlFailure>(() => store.Keys(["/_none/x"], _now).Count());
        Assert.Equal(("Error:  Key not found (/_none)\n", 4), (failure.Message, failure.ExitCode));
    }

    [Fact]
    public void A_snapshot_file_holds_it_behind_a_checksum()
    {
        string state = Convert.ToBase64String(Encoding.UTF8.GetBytes(Store));
        string file = $$"""bbb5d1bc{{"\n"}}{"lastIndex":84,"lastTerm":0,"peers":[{"name":"m","connectionString":""}],"state":"{{state}}","path":"snapshot/0_84.ss"}""";

        Assert.Equal(3, OldSnapshot.Parse(Encoding.UTF8.GetBytes(file)).Keys([], _now).Count());
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("{}")]
    [InlineData("[]")]
    public void Anything_else_is_refused(string file)
    {
        Assert.ThrowsAny<JsonException>(() => OldSnapshot.Parse(Encoding.UTF8.GetBytes(file)));
    }
}
