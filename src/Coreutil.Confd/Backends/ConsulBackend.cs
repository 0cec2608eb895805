using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Coreutil.Confd.Templates;
using Coreutil.Etcd.Client;

namespace Coreutil.Confd.Backends;

/// <summary>Consul's key-value store over HTTP: recursive lists, and blocking queries chained by X-Consul-Index.</summary>
internal sealed class ConsulBackend : IBackend
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    /// <summary>Consul answers a blocking query after five minutes at the latest, and takes up to a sixteenth more to spread the load.</summary>
    private static readonly TimeSpan _longestPoll = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private readonly Uri _node;
    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    public ConsulBackend(EtcdClientOptions options, string? token, TimeProvider time)
    {
        _node = options.Endpoints[0];
        _time = time;
        _http = new HttpClient(EtcdTls.CreateHandler(options), disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
        if (options.Username is { } user)
        {
            string credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{options.Password}"));
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", credentials);
        }

        if (!string.IsNullOrEmpty(token))
        {
            _http.DefaultRequestHeaders.Add("X-Consul-Token", token);
        }
    }

    public async Task<IReadOnlyList<KeyValuePair<string, string>>> GetValuesAsync(KeyRequest request, CancellationToken cancel)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (string key in request.Keys)
        {
            var (body, _) = await AskAsync(PathOf(key), _patience, cancel);
            pairs.AddRange(Read(body));
        }

        return pairs;
    }

    public async IAsyncEnumerable<BackendChange> WatchAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        ulong index = 0;
        var pause = _firstPause;
        while (true)
        {
            string? failure = null;
            ulong next = 0;
            try
            {
                string query = index == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"&index={index}&wait=5m");
                (_, next) = await AskAsync(PathOf(prefix) + query, index == 0 ? _patience : _longestPoll, cancel);
            }
            catch (ConfdException unreachable)
            {
                failure = unreachable.Message;
            }

            if (failure is not null)
            {
                yield return new BackendChange(null, failure);
                index = 0;
                await Task.Delay(pause, _time, cancel);
                pause = pause + pause < _longestPause ? pause + pause : _longestPause;
                continue;
            }

            pause = _firstPause;
            if (next != index)
            {
                yield return new BackendChange(Key: null);
            }

            // An index that goes backwards says that the server's state was restored: begin anew (consul's documentation of blocking queries).
            index = next < index ? 0 : Math.Max(1, next);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Folders are entries that end in a slash and have no value: the original drops neither, but no template can ask for them.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> Read(byte[] body)
    {
        if (body.Length == 0)
        {
            return [];
        }

        try
        {
            using var document = JsonDocument.Parse(body);
            return
            [
                .. document.RootElement.EnumerateArray().Select(entry => new KeyValuePair<string, string>(
                    "/" + GoText.FromUtf16(entry.GetProperty("Key"u8).GetString() ?? ""),
                    entry.GetProperty("Value"u8) is { ValueKind: JsonValueKind.String } value ? GoText.FromBytes(value.GetBytesFromBase64()) : "")),
            ];
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw new ConfdException("consul answered with something that is no list of keys", malformed);
        }
    }

    private static string PathOf(string key) => $"/v1/kv/{string.Join('/', key.TrimStart('/').Split('/').Select(Uri.EscapeDataString))}?recurse";

    private async Task<(byte[] Body, ulong Index)> AskAsync(string pathAndQuery, TimeSpan patience, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(patience, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            using var reply = await _http.GetAsync(new Uri(EtcdHttpClient.BaseOf(_node) + pathAndQuery), HttpCompletionOption.ResponseHeadersRead, limit.Token);
            byte[] body = await reply.Content.ReadAsByteArrayAsync(limit.Token);
            ulong index = reply.Headers.TryGetValues("X-Consul-Index", out var values) && ulong.TryParse(values.First(), out ulong value) ? value : 0;

            // A prefix without keys is 404, with the index of the moment.
            return reply.StatusCode switch
            {
                HttpStatusCode.OK => (body, index),
                HttpStatusCode.NotFound => ([], index),
                var refused => throw new ConfdException($"Unexpected response code: {(int)refused} ({Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 200))).TrimEnd()})") { MayPass = true },
            };
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException || (failure is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw new ConfdException($"consul: {GoNetError.Describe(failure, _node)}", failure) { MayPass = true };
        }
    }
}
