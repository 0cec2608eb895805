using Coreutil.Applets.Etcd;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;
using Coreutil.Tests.Etcd.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coreutil.Tests.Applets.Etcd;

// The 2.x discovery protocol (etcd.md §5): size, list, register, see oneself, wait for the rest.
public sealed class DiscoveryClientTests
{
    private readonly ScriptedKeys _keys = new();

    [Fact]
    public async Task Members_in_the_order_they_came_are_the_cluster()
    {
        _keys.Answer("get", "/T/_config/size", 1, "2").Answer(List())
            .Answer("create", "/T/me", 7).Answer("create", "/T/me", 7)
            .Answer("get", "/T/_config/size", 1, "2").Answer(List(("me", 7, "a=http://h:1")))
            .Answer("create", "/T/other", 9)
            .Answer("get", "/T/_config/size", 1, "2").Answer(List(("other", 9, "b=http://h:2"), ("me", 7, "a=http://h:1")));

        Assert.Equal("a=http://h:1,b=http://h:2", await Client().JoinAsync("a=http://h:1", CancellationToken.None));
        Assert.Equal(
            ["get /T/_config/size", "get /T", "set /T/me=a=http://h:1 prevExist=False", "wait /T/me 7", "get /T/_config/size", "get /T", "wait /T recursive 21", "get /T/_config/size", "get /T"],
            _keys.Asked);
    }

    [Fact]
    public async Task Who_comes_when_all_are_there_is_not_written_down()
    {
        _keys.Answer("get", "/T/_config/size", 1, "1").Answer(List(("other", 9, "b=http://h:2")));

        var refused = await Assert.ThrowsAsync<DiscoveryException>(() => Client().JoinAsync("a=http://h:1", CancellationToken.None));

        Assert.Equal((DiscoveryFailure.ClusterIsFull, "discovery: cluster is full"), (refused.Failure, refused.Message));
        Assert.DoesNotContain(_keys.Asked, asked => asked.StartsWith("set", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_record_under_our_id_that_is_not_ours_is_a_duplicate()
    {
        _keys.Answer("get", "/T/_config/size", 1, "2").Answer(List()).Fail(new EtcdException(new EtcdError(EtcdErrorCode.NodeExist, "/T/me", 7)));

        var refused = await Assert.ThrowsAsync<DiscoveryException>(() => Client().JoinAsync("a=http://h:1", CancellationToken.None));

        Assert.Equal((DiscoveryFailure.DuplicateId, "discovery: found duplicate id"), (refused.Failure, refused.Message));
    }

    // The answer to our own registration was lost: that is no reason to burn the token.
    [Fact]
    public async Task A_record_of_ours_whose_answer_was_lost_is_taken_up()
    {
        _keys.Answer("get", "/T/_config/size", 1, "1").Answer(List())
            .Fail(new EtcdUnavailableException(["unexpected EOF"]))
            .Fail(new EtcdException(new EtcdError(EtcdErrorCode.NodeExist, "/T/me", 7)))
            .Answer("get", "/T/me", 7, "a=http://h:1").Answer("create", "/T/me", 7)
            .Answer("get", "/T/_config/size", 1, "1").Answer(List(("me", 7, "a=http://h:1")));

        Assert.Equal("a=http://h:1", await Client().JoinAsync("a=http://h:1", CancellationToken.None));
    }

    [Theory]
    [InlineData("x", "a=http://h:2", "discovery: size key is bad")]
    [InlineData("2", "b=nonsense", "discovery: invalid URL")]
    [InlineData("2", "a=http://h:2", "discovery: found duplicate name")]
    public async Task What_leads_to_no_cluster_says_why(string size, string other, string message)
    {
        _keys.Answer("get", "/T/_config/size", 1, size).Answer(List(("other", 3, other)))
            .Answer("create", "/T/me", 7).Answer("create", "/T/me", 7)
            .Answer("get", "/T/_config/size", 1, size).Answer(List(("other", 3, other), ("me", 7, "a=http://h:1")));

        Assert.Equal(message, (await Assert.ThrowsAsync<DiscoveryException>(() => Client().JoinAsync("a=http://h:1", CancellationToken.None))).Message);
    }

    [Fact]
    public async Task A_service_that_is_down_is_waited_for_and_a_page_is_not()
    {
        _keys.Fail(new EtcdUnavailableException(["connection refused"])).Fail(new EtcdProtocolException("<html>"));

        Assert.Equal("discovery: bad discovery endpoint", (await Assert.ThrowsAsync<DiscoveryException>(() => Client().JoinAsync("a=http://h:1", CancellationToken.None))).Message);
        Assert.Equal(2, _keys.Asked.Count);
    }

    [Fact]
    public async Task A_proxy_reads_the_cluster_without_being_of_it()
    {
        _keys.Answer("get", "/T/_config/size", 1, "1").Answer(List(("other", 9, "b=http://h:2"), ("late", 11, "c=http://h:3")));

        Assert.Equal("b=http://h:2", await Client("").ReadAsync(CancellationToken.None));
    }

    private static KeyResponse List(params (string Name, ulong Created, string Value)[] members) => new(
        new KeyEvent("get", new KeyNode
        {
            Key = "/T",
            IsDirectory = true,
            Nodes = [new KeyNode { Key = "/T/_config", IsDirectory = true }, .. members.Select(member => new KeyNode
            {
                Key = $"/T/{member.Name}",
                Value = member.Value,
                CreatedIndex = member.Created,
            })],
        }),
        20);

    private DiscoveryClient Client(string self = "me") => new(_keys, new Uri("http://d/T"), self, NullLogger.Instance, new EagerTime());
}
