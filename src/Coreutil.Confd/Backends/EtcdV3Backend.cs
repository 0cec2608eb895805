using System.Runtime.CompilerServices;
using System.Text.Json;
using Coreutil.Confd.Templates;
using Coreutil.Etcd.Client;

namespace Coreutil.Confd.Backends;

/// <summary>etcd v3 through its JSON gateway. Missing keys are just absent; all keys of a resource are read at one revision (confd.md §8).</summary>
internal sealed class EtcdV3Backend(EtcdHttpClient http, string? username, string? password, TimeProvider time) : IBackend
{
    /// <summary>etcd refuses transactions of more than 128 operations, and each key takes two.</summary>
    private const int MostRanges = 128;
    private const int Unauthorized = 401;
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    private string? _token;

    public async Task<IReadOnlyList<KeyValuePair<string, string>>> GetValuesAsync(KeyRequest request, CancellationToken cancel)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        long revision = 0;
        var ranges = request.Keys.SelectMany(key => EtcdV3Json.RangesOf(GoText.FromUtf16(key)));
        foreach (var some in ranges.Chunk(MostRanges))
        {
            var reply = await SendAsync("/v3/kv/txn", EtcdV3Json.Transaction(some, revision), cancel);
            var (read, at) = Understand(reply, EtcdV3Json.ReadTransaction);
            pairs.AddRange(read);
            revision = revision == 0 ? at : revision;
        }

        return pairs;
    }

    /// <summary>
    /// Anything may have changed when a watch begins: it is told after the server has confirmed it, so what follows comes as events. A watch that breaks
    /// begins anew in that way, and nothing needs to be chained.
    /// </summary>
    public async IAsyncEnumerable<BackendChange> WatchAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        var pause = _firstPause;
        while (true)
        {
            var watch = await TryOpenAsync(prefix, cancel);
            string? failure = watch.Failure;
            if (watch.Lines is { } lines)
            {
                using (lines)
                {
                    bool isFirst = true;
                    while (failure is null)
                    {
                        var (changes, ended) = await ReadAsync(lines, isFirst, cancel);
                        failure = ended;
                        isFirst = false;
                        foreach (var change in changes)
                        {
                            pause = _firstPause;
                            yield return change;
                        }
                    }
                }
            }

            yield return new BackendChange(null, failure);
            await Task.Delay(pause, time, cancel);
            pause = pause + pause < _longestPause ? pause + pause : _longestPause;
        }
    }

    public void Dispose() => http.Dispose();

    private static ConfdException Unavailable(EtcdUnavailableException unavailable) => new(unavailable.Message, unavailable) { MayPass = true };

    private static T Understand<T>(EtcdReply reply, Func<ReadOnlyMemory<byte>, T> read)
    {
        try
        {
            return reply.IsSuccess ? read(reply.Body) : throw new ConfdException($"etcdv3: {EtcdV3Json.ReadError(reply.Body)}");
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw new ConfdException($"{EtcdHttpClient.Show(reply.Endpoint)} answered with something that is not of etcd's v3 gateway", malformed);
        }
    }

    /// <summary>A token that the server no longer knows is asked for once more.</summary>
    private async Task<EtcdReply> SendAsync(string path, string json, CancellationToken cancel)
    {
        try
        {
            await AuthenticateAsync(isForced: false, cancel);
            var reply = await http.SendAsync(new(HttpMethod.Post, path) { Json = json, Authorization = _token }, cancel);
            if (reply.Status == Unauthorized && username is not null)
            {
                await AuthenticateAsync(isForced: true, cancel);
                reply = await http.SendAsync(new(HttpMethod.Post, path) { Json = json, Authorization = _token }, cancel);
            }

            return reply;
        }
        catch (EtcdUnavailableException unavailable)
        {
            throw Unavailable(unavailable);
        }
    }

    private async Task AuthenticateAsync(bool isForced, CancellationToken cancel)
    {
        if (username is null || (_token is not null && !isForced))
        {
            return;
        }

        var reply = await http.SendAsync(new(HttpMethod.Post, "/v3/auth/authenticate") { Json = EtcdV3Json.Authenticate(username, password ?? "") }, cancel);
        _token = Understand(reply, EtcdV3Json.ReadToken);
    }

    private async Task<(StreamReader? Lines, string? Failure)> TryOpenAsync(string prefix, CancellationToken cancel)
    {
        // Both the key and what is below it: the character after the slash ends the range, and what lies between is told apart by the resources.
        string key = GoText.FromUtf16(prefix);
        var range = key == "/" ? new EtcdV3Json.KeyRange("/", "0") : new EtcdV3Json.KeyRange(key, key + "0");
        try
        {
            await AuthenticateAsync(isForced: false, cancel);
            var request = new EtcdRequest(HttpMethod.Post, "/v3/watch", IsLongPoll: true) { Json = EtcdV3Json.Watch(range), Authorization = _token };
            return (new StreamReader(await http.OpenStreamAsync(request, cancel)), null);
        }
        catch (Exception unavailable) when (unavailable is EtcdUnavailableException or ConfdException)
        {
            return (null, unavailable.Message);
        }
    }

    private static async Task<(BackendChange[] Changes, string? Ended)> ReadAsync(StreamReader lines, bool isFirst, CancellationToken cancel)
    {
        try
        {
            return await lines.ReadLineAsync(cancel) is not { } line ? ([], "etcdv3: the watch was closed")
                : EtcdV3Json.ReadWatchLine(line) is not { } keys ? ([], $"etcdv3: the watch was refused: {line}")
                : (isFirst ? [new BackendChange(Key: null)] : [.. keys.Select(key => new BackendChange(GoText.ToUtf16(key)))], null);
        }
        catch (Exception broken) when (broken is IOException or HttpRequestException or JsonException or KeyNotFoundException or FormatException)
        {
            return ([], $"etcdv3: the watch broke: {broken.Message}");
        }
    }
}
