using System.Collections.Immutable;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Coreutil.Confd.Templates;

namespace Coreutil.Confd.Backends;

/// <summary>
/// redis: a string is a value, a hash a directory of values, and otherwise every string below the key counts (confd.md §8). A separator stands for the
/// slash: with ":" the key /app/db is kept as app:db.
/// </summary>
internal sealed class RedisBackend(ImmutableArray<string> nodes, string? password, string separator, TimeProvider time) : IBackend
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _look = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    public async Task<IReadOnlyList<KeyValuePair<string, string>>> GetValuesAsync(KeyRequest request, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(_patience, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            using var connection = await ConnectAsync(limit.Token);
            var pairs = new List<KeyValuePair<string, string>>();
            foreach (string key in request.Keys)
            {
                await AddAsync(connection, GoText.FromUtf16(key), pairs, limit.Token);
            }

            return pairs;
        }
        catch (Exception failure) when (IsFailure(failure) || (failure is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw new ConfdException($"redis: {Describe(failure)}", failure) { MayPass = failure is not RedisException };
        }
    }

    /// <summary>
    /// Notices of the key space where the server sends them (notify-keyspace-events), and a look every few seconds, for it sends them to nobody who is
    /// just connecting and forgets them. A look that finds nothing new ends at the comparison.
    /// </summary>
    public async IAsyncEnumerable<BackendChange> WatchAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        var pause = _firstPause;
        while (true)
        {
            var (connection, failure) = await TrySubscribeAsync(cancel);
            using (connection)
            {
                Task<object?>? notice = null;
                while (failure is null)
                {
                    pause = _firstPause;
                    yield return new BackendChange(Key: null);
                    notice ??= connection!.ReadAsync(cancel);
                    failure = await NextAsync(notice, cancel);
                    notice = notice.IsCompleted ? null : notice;
                }
            }

            yield return new BackendChange(null, failure);
            await Task.Delay(pause, time, cancel);
            pause = pause + pause < _longestPause ? pause + pause : _longestPause;
        }
    }

    public void Dispose()
    {
        // Connections live as long as a question.
    }

    private static bool IsFailure(Exception failure) => failure is SocketException or IOException or RedisException;

    private static string Describe(Exception failure) => failure is OperationCanceledException ? "no answer in time" : failure.Message;

    private async Task<RedisConnection> ConnectAsync(CancellationToken cancel)
    {
        Exception? last = null;
        foreach (string node in nodes)
        {
            try
            {
                return await RedisConnection.ConnectAsync(RedisAddress.Parse(node), password, cancel);
            }
            catch (SocketException refused)
            {
                last = new IOException($"{node}: {refused.Message}", refused);
            }
        }

        throw last ?? new ConfdException("redis: no node");
    }

    private async Task AddAsync(RedisConnection connection, string key, List<KeyValuePair<string, string>> pairs, CancellationToken cancel)
    {
        string name = NameOf(key);
        switch (await connection.AskAsync(cancel, "TYPE", name))
        {
            case "string" when await connection.AskAsync(cancel, "GET", name) is string value:
                pairs.Add(new(key, value));
                break;
            case "hash" when await connection.AskAsync(cancel, "HGETALL", name) is object?[] fields:
                pairs.AddRange(fields.Chunk(2).Select(field => new KeyValuePair<string, string>($"{key}/{field[0]}", field[1] as string ?? "")));
                break;
            default:
                await AddBelowAsync(connection, key, pairs, cancel);
                break;
        }
    }

    private async Task AddBelowAsync(RedisConnection connection, string key, List<KeyValuePair<string, string>> pairs, CancellationToken cancel)
    {
        string pattern = key == "/" ? "*" : Escape(NameOf(key + "/")) + "*";
        string cursor = "0";
        do
        {
            if (await connection.AskAsync(cancel, "SCAN", cursor, "MATCH", pattern, "COUNT", "1000") is not object?[] { Length: 2 } page)
            {
                throw new RedisException("SCAN answered with something else than a page");
            }

            cursor = page[0] as string ?? "0";
            foreach (string name in ((object?[])page[1]!).OfType<string>())
            {
                // Only strings have a value of their own; the original passes over the others too.
                if (await connection.AskAsync(cancel, "TYPE", name) is "string" && await connection.AskAsync(cancel, "GET", name) is string value)
                {
                    pairs.Add(new(KeyOf(name), value));
                }
            }
        }
        while (cursor != "0");
    }

    private async Task<(RedisConnection? Connection, string? Failure)> TrySubscribeAsync(CancellationToken cancel)
    {
        try
        {
            var connection = await ConnectAsync(cancel);
            try
            {
                await connection.AskAsync(cancel, "PSUBSCRIBE", "__keyevent@*__:*");
                return (connection, null);
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        }
        catch (Exception failure) when (IsFailure(failure))
        {
            return (null, $"redis: {Describe(failure)}");
        }
    }

    /// <summary>Waits for a notice or for the next look; the reason when the connection is lost.</summary>
    private async Task<string?> NextAsync(Task notice, CancellationToken cancel)
    {
        try
        {
            using var look = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            await await Task.WhenAny(notice, Task.Delay(_look, time, look.Token));
            await look.CancelAsync();
            return null;
        }
        catch (Exception failure) when (IsFailure(failure))
        {
            return $"redis: {Describe(failure)}";
        }
    }

    private string NameOf(string key) => separator.Length == 0 || separator == "/" ? key
        : key.TrimStart('/').Replace("/", GoText.FromUtf16(separator), StringComparison.Ordinal);

    private string KeyOf(string name) => separator.Length == 0 || separator == "/" ? name
        : "/" + name.Replace(GoText.FromUtf16(separator), "/", StringComparison.Ordinal);

    /// <summary>A key is no pattern.</summary>
    private static string Escape(string name) =>
        string.Concat(name.Select(c => c is '*' or '?' or '[' or ']' or '\\' ? $"\\{c}" : c.ToString()));
}
