using System.Text;
using System.Text.Json;
using Coreutil.Applets.Etcdctl;

namespace Coreutil.Tests.Etcdctl;

// etcd 0.4's store as JSON (etcd.md §6, import: hidden keys only where named, TTLs of at least 300 s).
public sealed class OldSnapshotTests
{
    private static readonly DateTimeOffset _now = new(2014, 10, 1, 12, 0, 0, TimeSpan.Zero);

    private const string Store =
        """
        {"Root":{"Path":"/","ExpireTime":"0001-01-01T00:00:00Z","Value":"","Children":{
          "b":{"Path":"/b","ExpireTime":"2014-10-01T12:00:30Z","Value":"2","Children":null},
          "a":{"Path":"/a","ExpireTime":"0001-01-01T00:00:00Z","Value":"1","Children":null},
          "d":{"Path":"/d","ExpireTime":"0001-01-01T00:00:00Z","Value":"","Children":{
            "x":{"Path":"/d/x","ExpireTime":"2014-10-01T13:00:00Z","Value":"3","Children":null}}},
          "_hidden":{"Path":"/_hidden","ExpireTime":"0001-01-01T00:00:00Z","Value":"","Children":{
            "h":{"Path":"/_hidden/h","ExpireTime":"0001-01-01T00:00:00Z","Value":"4","Children":null}}}}},
         "CurrentIndex":9,"CurrentVersion":2}
        """;

    [Fact]
    public void Its_keys_come_in_order_with_what_is_left_of_their_TTLs_but_at_least_five_minutes()
    {
        Assert.Equal(
            [new("/a", "1", null), new("/b", "2", TimeSpan.FromSeconds(300)), new("/d/x", "3", TimeSpan.FromHours(1))],
            OldSnapshot.Parse(Encoding.UTF8.GetBytes(Store)).Keys([], _now));
    }

    [Fact]
    public void A_hidden_directory_comes_where_it_is_named_and_an_unknown_one_is_refused()
    {
        var store = OldSnapshot.Parse(Encoding.UTF8.GetBytes(Store));

        Assert.Equal(["/a", "/b", "/d/x", "/_hidden/h"], store.Keys(["/_hidden"], _now).Select(key => key.Key));
        var failure = Assert.Throws<EtcdctlFailure>(() => store.Keys(["/_none/x"], _now).Count());
        Assert.Equal(("Error:  100: Key not found (/_none) [9]\n", 4), (failure.Message, failure.ExitCode));
    }

    [Fact]
    public void A_snapshot_file_holds_it_behind_a_checksum()
    {
        string file = $$"""0123abcd{{"\n"}}{"state":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes(Store))}}","lastIndex":9}""";

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
