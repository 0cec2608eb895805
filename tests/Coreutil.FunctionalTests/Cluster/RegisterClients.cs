using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Coreutil.Tests.Shared;

namespace Coreutil.FunctionalTests.Cluster;

/// <summary>What a client did to one key, and what it was told. A key that is not there has the value null.</summary>
internal abstract record RegisterOperation
{
    private RegisterOperation()
    {
    }

    public sealed record Read(string? Value) : RegisterOperation;

    public sealed record Write(string Value) : RegisterOperation;

    /// <param name="Swapped">Null when the answer did not come.</param>
    public sealed record CompareAndSwap(string Expected, string Value, bool? Swapped) : RegisterOperation;

    /// <summary>What a single copy of the key would have answered.</summary>
    public static (bool IsPossible, string? Next) Step(string? state, RegisterOperation operation) => operation switch
    {
        Read read => (read.Value == state, state),
        Write write => (true, write.Value),
        CompareAndSwap { Swapped: null } swap => (true, state == swap.Expected ? swap.Value : state),
        CompareAndSwap swap => (swap.Swapped == (state == swap.Expected), swap.Swapped == true ? swap.Value : state),
        _ => throw new InvalidOperationException($"unknown operation {operation}"),
    };
}

/// <summary>
/// Clients that read, write and swap a few keys through any member, with what they were told and when: an answer that did not come may have happened
/// or not, a refused connection did not.
/// </summary>
internal sealed class RegisterClients(IReadOnlyList<string> urls, string prefix, int seed) : IDisposable
{
    private const int Keys = 3;
    private const int Clients = 6;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    private readonly HttpClient _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromMilliseconds(500), PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2) });
    private readonly ConcurrentBag<(string Key, TimedOperation<RegisterOperation> Operation)> _history = [];
    private int _answered;
    private int _writes;

    public int Answered => Volatile.Read(ref _answered);

    public int AnsweredWrites => Volatile.Read(ref _writes);

    public async Task RunAsync(CancellationToken until) =>
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => RunClientAsync(client, until)));

    /// <summary>After the faults, a read of each key through each member: what was acknowledged must be there.</summary>
    public async Task ReadAllAsync()
    {
        foreach (string url in urls)
        {
            for (int key = 0; key < Keys; key++)
            {
                var read = await ReadAsync(url, $"{prefix}{key}", TimeSpan.FromSeconds(20));
                Assert.True(read is { Returned: not null }, $"{url} does not answer a quorum read of {prefix}{key} after all faults are over");
            }
        }
    }

    /// <summary>Null when all keys behaved as one copy would; else the key and what was seen of it.</summary>
    public string? FindViolation()
    {
        foreach (var key in _history.GroupBy(entry => entry.Key, entry => entry.Operation))
        {
            TimedOperation<RegisterOperation>[] history = [.. key.OrderBy(operation => operation.Called)];
            var verdict = new Linearizability<string?, RegisterOperation>(RegisterOperation.Step).Check(null, history);
            if (verdict == LinearizabilityVerdict.NotLinearizable)
            {
                return $"{key.Key} is not linearizable:\n{string.Join('\n', history.Select(operation => $"  {operation.Called,16} {operation.Returned,16} {operation.Operation}"))}";
            }
        }

        return null;
    }

    public void Dispose() => _http.Dispose();

    private async Task RunClientAsync(int client, CancellationToken until)
    {
        var random = new Random((seed * 31) + client);
        for (int number = 0; !until.IsCancellationRequested; number++)
        {
            string url = urls[random.Next(urls.Count)];
            string key = $"{prefix}{random.Next(Keys)}";
            string value = string.Create(CultureInfo.InvariantCulture, $"{client}-{number}");
            switch (random.Next(5))
            {
                case 0 or 1:
                    await ReadAsync(url, key, _patience);
                    break;
                case 2 or 3:
                    await WriteAsync(url, key, value);
                    break;
                default:
                    await SwapAsync(url, key, value);
                    break;
            }

            await Task.Delay(random.Next(15), CancellationToken.None);
        }
    }

    private async Task<TimedOperation<RegisterOperation>?> ReadAsync(string url, string key, TimeSpan patience)
    {
        long called = Stopwatch.GetTimestamp();
        var (status, body, _) = await SendAsync(HttpMethod.Get, $"{url}/v2/keys/{key}?quorum=true", null, patience);
        string? value = status == 200 ? ValueOf(body!, "node") : null;
        return status is 200 or 404 ? Record(key, new RegisterOperation.Read(value), called, isKnown: true) : null;
    }

    private async Task WriteAsync(string url, string key, string value)
    {
        long called = Stopwatch.GetTimestamp();
        var (status, body, wasSent) = await SendAsync(HttpMethod.Put, $"{url}/v2/keys/{key}", value, _patience);
        if (wasSent)
        {
            Assert.True(status is null or 200 or 201 or 500, $"a PUT was answered {status}: {body}");
            bool isKnown = status is 200 or 201;
            Record(key, new RegisterOperation.Write(value), called, isKnown);
            Interlocked.Add(ref _writes, isKnown ? 1 : 0);
        }
    }

    private async Task SwapAsync(string url, string key, string value)
    {
        // What this key was a moment ago, so that about half of the swaps find it.
        var (seen, seenBody, _) = await SendAsync(HttpMethod.Get, $"{url}/v2/keys/{key}", null, _patience);
        if (seen != 200)
        {
            return;
        }

        string expected = ValueOf(seenBody!, "node")!;
        long called = Stopwatch.GetTimestamp();
        var (status, body, wasSent) = await SendAsync(HttpMethod.Put, $"{url}/v2/keys/{key}?prevValue={expected}", value, _patience);
        if (wasSent)
        {
            Assert.True(status is null or 200 or 404 or 412 or 500, $"a swap was answered {status}: {body}");
            bool? swapped = status switch { 200 => true, 404 or 412 => false, _ => null };
            Record(key, new RegisterOperation.CompareAndSwap(expected, value, swapped), called, swapped is not null);
        }
    }

    private TimedOperation<RegisterOperation> Record(string key, RegisterOperation operation, long called, bool isKnown)
    {
        var timed = new TimedOperation<RegisterOperation>(operation, called, isKnown ? Stopwatch.GetTimestamp() : null);
        _history.Add((key, timed));
        Interlocked.Add(ref _answered, isKnown ? 1 : 0);
        return timed;
    }

    private async Task<(int? Status, string? Body, bool WasSent)> SendAsync(HttpMethod method, string url, string? value, TimeSpan patience)
    {
        using var late = new CancellationTokenSource(patience);
        using var request = new HttpRequestMessage(method, new Uri(url));
        if (value is not null)
        {
            request.Content = new FormUrlEncodedContent([KeyValuePair.Create("value", value)]);
        }

        try
        {
            using var reply = await _http.SendAsync(request, late.Token);
            return ((int)reply.StatusCode, await reply.Content.ReadAsStringAsync(late.Token), true);
        }
        catch (HttpRequestException failure)
        {
            // Nothing is sent before there is a connection.
            return (null, null, failure.HttpRequestError != HttpRequestError.ConnectionError);
        }
        catch (OperationCanceledException)
        {
            return (null, null, true);
        }
    }

    private static string? ValueOf(string body, string node)
    {
        using var document = JsonDocument.Parse(body);
        return document.RootElement.GetProperty(node).GetProperty("value").GetString();
    }
}
