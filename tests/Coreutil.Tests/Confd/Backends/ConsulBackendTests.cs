using System.Globalization;
using System.Text;
using Coreutil.Confd.Backends;
using Coreutil.Etcd.Client;
using Coreutil.Tests.Etcd.Client;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Tests.Confd.Backends;

/// <summary>Against a server that keeps to consul's documentation of /v1/kv and of blocking queries; the program itself is in no registry here.</summary>
public sealed class ConsulBackendTests
{
    [Fact]
    public async Task Keys_are_read_and_a_blocking_query_tells_the_next_change()
    {
        var store = new DocumentedStore();
        await using var server = await LoopbackServer.StartAsync(store.AnswerAsync);
        using var backend = new ConsulBackend(new EtcdClientOptions { Endpoints = [server.Url] }, token: "secret", TimeProvider.System);
        store.Set("app/a", "1");

        await using var changes = backend.WatchAsync("/app", Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await changes.MoveNextAsync());
        Assert.Equal([new("/app/a", "1")], await backend.GetValuesAsync(new KeyRequest(["/app"]), Cancel));

        var next = changes.MoveNextAsync();
        store.Set("app/b", "2");
        Assert.True(await next);
        Assert.Equal([new("/app/a", "1"), new("/app/b", "2")], await backend.GetValuesAsync(new KeyRequest(["/app"]), Cancel));
        Assert.Empty(await backend.GetValuesAsync(new KeyRequest(["/none"]), Cancel));
        Assert.Equal("secret", store.Token);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private sealed class DocumentedStore
    {
        private readonly SortedDictionary<string, string> _values = new(StringComparer.Ordinal);
        private readonly Lock _gate = new();
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _index = 10;

        public string Token { get; private set; } = "";

        public void Set(string key, string value)
        {
            lock (_gate)
            {
                _values[key] = value;
                _index++;
                _changed.SetResult();
                _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public async Task AnswerAsync(HttpContext context)
        {
            Token = context.Request.Headers["X-Consul-Token"].ToString();
            Task changed;
            lock (_gate)
            {
                changed = long.TryParse(context.Request.Query["index"], out long index) && index >= _index ? _changed.Task : Task.CompletedTask;
            }

            await changed.WaitAsync(context.RequestAborted);
            string prefix = context.Request.Path.Value!["/v1/kv/".Length..];
            string[] entries;
            lock (_gate)
            {
                context.Response.Headers["X-Consul-Index"] = _index.ToString(CultureInfo.InvariantCulture);
                entries =
                [
                    .. _values.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal))
                        .Select(pair => $"{{\"Key\":\"{pair.Key}\",\"Value\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(pair.Value))}\"}}"),
                ];
            }

            context.Response.StatusCode = entries.Length > 0 ? 200 : 404;
            if (entries.Length > 0)
            {
                await context.Response.WriteAsync($"[{string.Join(',', entries)}]");
            }
        }
    }
}
