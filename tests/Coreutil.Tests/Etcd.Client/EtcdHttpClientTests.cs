using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Tests.Etcd.Client;

// The client's way through its endpoints and the form of its requests (etcd.md §6).
public sealed class EtcdHttpClientTests
{
    private static readonly Uri _nobody = new("http://127.0.0.1:1");

    [Fact]
    public async Task A_dead_endpoint_is_passed_over_and_the_one_that_answered_is_asked_first_next_time()
    {
        await using var server = await LoopbackServer.StartAsync(request => request.Response.WriteAsync("yes"));
        var asked = new List<string>();
        using var client = Client([_nobody, server.Url], asked);

        var reply = await client.SendAsync(new(HttpMethod.Get, "/v2/keys/a"), CancellationToken.None);
        await client.SendAsync(new(HttpMethod.Get, "/v2/keys/b"), CancellationToken.None);

        Assert.Equal("yes", Encoding.UTF8.GetString(reply.Body));
        Assert.Equal([$"{_nobody}v2/keys/a", $"{server.Url}v2/keys/a", $"{server.Url}v2/keys/b"], asked);
    }

    [Fact]
    public async Task When_nobody_answers_each_endpoint_has_its_line()
    {
        await using var leaderless = await LoopbackServer.StartAsync(request => Status(request, 503));
        await using var broken = await LoopbackServer.StartAsync(request => Status(request, 502));
        using var client = Client([_nobody, leaderless.Url, broken.Url]);

        var failure = await Assert.ThrowsAsync<EtcdUnavailableException>(() => client.SendAsync(new(HttpMethod.Get, "/"), CancellationToken.None));

        Assert.Equal(
            [
                "dial tcp 127.0.0.1:1: connect: connection refused",
                $"client: etcd member {EtcdHttpClient.Show(leaderless.Url)} has no leader",
                $"client: etcd member {EtcdHttpClient.Show(broken.Url)} returns server error [Bad Gateway]",
            ],
            failure.Errors);
    }

    [Fact]
    public async Task A_long_poll_that_breaks_says_where_it_had_begun_and_is_not_repeated_elsewhere()
    {
        // By hand: a server that aborts may take back headers that were not read yet.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = BreakAfterHeadersAsync(listener);
        var asked = new List<string>();
        using var client = Client([new Uri($"http://{listener.LocalEndpoint}"), _nobody], asked);

        var failure = await Assert.ThrowsAsync<EtcdUnavailableException>(() => new KeysApi(client).WaitAsync("/a", true, 0, CancellationToken.None));

        await serving;
        Assert.Equal(41UL, failure.BegunIndex);
        Assert.Single(asked);
    }

    [Fact]
    public async Task A_long_poll_that_a_stopping_server_ends_without_a_byte_is_a_broken_one()
    {
        await using var stopping = await LoopbackServer.StartAsync(request =>
        {
            request.Response.Headers["X-Etcd-Index"] = "7";
            return request.Response.StartAsync();
        });
        using var client = Client([stopping.Url]);

        var failure = await Assert.ThrowsAsync<EtcdUnavailableException>(() => new KeysApi(client).WaitAsync("/a", true, 0, CancellationToken.None));

        Assert.Equal(7UL, failure.BegunIndex);
    }

    [Fact]
    public async Task Conditions_go_into_the_query_and_value_and_ttl_into_the_body()
    {
        string seen = "";
        await using var server = await LoopbackServer.StartAsync(async request =>
        {
            using var body = new StreamReader(request.Request.Body);
            seen = $"{request.Request.Method} {request.Request.Path}{request.Request.QueryString} {await body.ReadToEndAsync()} {request.Request.Headers.Authorization}";
            await request.Response.WriteAsync("""{"action":"set","node":{"key":"/a b","value":"v","modifiedIndex":5,"createdIndex":5}}""");
        });
        using var client = new EtcdHttpClient(new() { Endpoints = [server.Url], Username = "root", Password = "pw" });

        var set = await new KeysApi(client).SetAsync("/a b", "x y", new SetOptions(TimeSpan.FromSeconds(60), PrevExist: true, PrevValue: "w", PrevIndex: 3), CancellationToken.None);

        Assert.Equal("PUT /v2/keys/a%20b?prevExist=true&prevIndex=3&prevValue=w ttl=60&value=x+y Basic cm9vdDpwdw==", seen);
        Assert.Equal(5UL, set.Node.ModifiedIndex);
    }

    [Fact]
    public async Task A_refusal_of_the_store_is_an_error_with_code_cause_and_index()
    {
        await using var server = await LoopbackServer.StartAsync(async request =>
        {
            request.Response.StatusCode = 404;
            await request.Response.WriteAsync("""{"errorCode":100,"message":"Key not found","cause":"/a","index":7}""");
        });
        using var client = Client([server.Url]);

        var refused = await Assert.ThrowsAsync<EtcdException>(() => new KeysApi(client).GetAsync("/a", new(), CancellationToken.None));

        Assert.Equal(EtcdErrorCode.KeyNotFound, refused.Error.Code);
        Assert.Equal("100: Key not found (/a) [7]", refused.Message);
    }

    [Fact]
    public async Task A_page_of_a_proxy_is_no_answer_of_etcd()
    {
        await using var proxy = await LoopbackServer.StartAsync(request => request.Response.WriteAsync("<html>"));
        using var client = Client([proxy.Url]);

        await Assert.ThrowsAsync<EtcdProtocolException>(() => new KeysApi(client).GetAsync("/a", new(), CancellationToken.None));
        await Assert.ThrowsAsync<EtcdProtocolException>(() => new MembersApi(client).ListAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Users_come_as_objects_or_names_and_null_is_none()
    {
        string body = """{"users":null}""";
        await using var server = await LoopbackServer.StartAsync(request => request.Response.WriteAsync(body));
        using var client = Client([server.Url]);
        var auth = new AuthApi(client);

        Assert.Empty(await auth.UsersAsync(CancellationToken.None));
        body = """{"users":[{"user":"u","roles":[{"role":"r"}]},"v"]}""";
        Assert.Equal(["u", "v"], await auth.UsersAsync(CancellationToken.None));
    }

    private static async Task BreakAfterHeadersAsync(TcpListener listener)
    {
        using var connection = await listener.AcceptTcpClientAsync();
        using var request = new StreamReader(connection.GetStream(), leaveOpen: true);
        while (await request.ReadLineAsync() is { Length: > 0 })
        {
        }

        await connection.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nX-Etcd-Index: 41\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray());
        connection.Client.Shutdown(SocketShutdown.Send);
    }

    private static Task Status(HttpContext request, int status)
    {
        request.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private static EtcdHttpClient Client(ImmutableArray<Uri> endpoints, List<string>? asked = null) =>
        new(new() { Endpoints = endpoints, OnRequest = (request, endpoint) => asked?.Add(EtcdHttpClient.Show(endpoint) + request.PathAndQuery) });
}
