using System.Text;
using Coreutil.Confd;
using Coreutil.Confd.Backends;

namespace Coreutil.Tests.Confd.Backends;

public sealed class WireTests
{
    // confd.md §8: "/ab" does not pull "/abc".
    [Theory]
    [InlineData("/ab", "/ab | /ab/-/ab0")]
    [InlineData("/", "/-0")]
    public void A_key_is_read_with_all_below_it(string key, string expected) => Assert.Equal(
        expected, string.Join(" | ", EtcdV3Json.RangesOf(key).Select(range => range.End is null ? range.Key : $"{range.Key}-{range.End}")));

    // As etcd 3.4 answers: empty fields are left out, numbers are texts, values any bytes.
    [Fact]
    public void A_transaction_of_the_v3_gateway_is_read_byte_for_byte()
    {
        byte[] body = Encoding.UTF8.GetBytes(
            """{"header":{"cluster_id":"1","revision":"7"},"succeeded":true,"responses":[{"response_range":{"header":{"revision":"7"},"kvs":[{"key":"L2E=","value":"/wA="},{"key":"L2I="}],"count":"2"}},{"response_range":{}}]}""");

        var (pairs, revision) = EtcdV3Json.ReadTransaction(body);

        Assert.Equal([new("/a", "\u00ff\0"), new("/b", "")], pairs);
        Assert.Equal(7, revision);
    }

    [Theory]
    [InlineData("""{"result":{"header":{"revision":"3"},"created":true}}""", "")]
    [InlineData("""{"result":{"header":{"revision":"4"},"events":[{"kv":{"key":"L2E=","mod_revision":"4"}},{"type":"DELETE","kv":{"key":"L2I="}}]}}""", "/a /b")]
    [InlineData("""{"result":{"canceled":true,"compact_revision":"9"}}""", null)]
    [InlineData("""{"error":{"grpc_code":16}}""", null)]
    public void A_line_of_a_watch_tells_its_keys_or_that_it_has_ended(string line, string? expected) =>
        Assert.Equal(expected, EtcdV3Json.ReadWatchLine(line) is { } keys ? string.Join(' ', keys) : null);

    // Consul's documentation of GET /v1/kv/:key?recurse: values are base64, and null for a folder.
    [Fact]
    public void A_list_of_consul_is_read()
    {
        byte[] body = """[{"LockIndex":0,"Key":"app/","Flags":0,"Value":null,"ModifyIndex":2},{"Key":"app/a","Value":"dg=="}]"""u8.ToArray();

        Assert.Equal([new("/app/", ""), new("/app/a", "v")], ConsulBackend.Read(body));
        Assert.Equal("consul answered with something that is no list of keys", Assert.Throws<ConfdException>(() => ConsulBackend.Read("<html>"u8.ToArray())).Message);
    }

    [Theory]
    [InlineData("127.0.0.1:6379", "127.0.0.1", 6379, 0)]
    [InlineData("redis://host:1/3", "host", 1, 3)]
    [InlineData("host", "host", 6379, 0)]
    public void A_redis_address_names_host_port_and_database(string node, string host, int port, int database) =>
        Assert.Equal(new RedisAddress(host, port, database, null), RedisAddress.Parse(node));

    [Fact]
    public void A_path_is_a_redis_socket() => Assert.Equal("/run/redis.sock", RedisAddress.Parse("/run/redis.sock").Path);
}
