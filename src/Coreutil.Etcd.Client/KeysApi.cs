using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Client;

/// <summary>The v2 key space over HTTP. Requests have the original client's form: conditions in the query, value and TTL in the body.</summary>
/// <param name="prefix">What stands before a key in the path; a discovery service has its keys at the root.</param>
public sealed class KeysApi(EtcdHttpClient http, string prefix = "/v2/keys") : IKeysApi
{
    public Task<KeyResponse> GetAsync(string key, GetOptions options, CancellationToken cancel) =>
        SendAsync(
            new(HttpMethod.Get, PathOf(key, [("quorum", Text(options.IsQuorum)), ("recursive", Text(options.IsRecursive)), ("sorted", Text(options.IsSorted))])),
            cancel);

    public Task<KeyResponse> SetAsync(string key, string? value, SetOptions options, CancellationToken cancel)
    {
        var query = new List<(string, string)>();
        if (options.IsDirectory)
        {
            query.Add(("dir", "true"));
        }

        if (options.PrevExist is { } mustExist)
        {
            query.Add(("prevExist", Text(mustExist)));
        }

        if (options.PrevIndex > 0)
        {
            query.Add(("prevIndex", options.PrevIndex.ToString(CultureInfo.InvariantCulture)));
        }

        if (options.PrevValue is { } previous)
        {
            query.Add(("prevValue", previous));
        }

        if (options.IsRefresh)
        {
            query.Add(("refresh", "true"));
        }

        return SendAsync(new(HttpMethod.Put, PathOf(key, query), FormOf(value, options.Ttl)), cancel);
    }

    public Task<KeyResponse> CreateInOrderAsync(string directory, string value, TimeSpan? ttl, CancellationToken cancel) =>
        SendAsync(new(HttpMethod.Post, PathOf(directory, []), FormOf(value, ttl)), cancel);

    public Task<KeyResponse> DeleteAsync(string key, DeleteOptions options, CancellationToken cancel)
    {
        var query = new List<(string, string)>();
        if (options.IsDirectory)
        {
            query.Add(("dir", "true"));
        }

        if (options.PrevIndex > 0)
        {
            query.Add(("prevIndex", options.PrevIndex.ToString(CultureInfo.InvariantCulture)));
        }

        if (options.PrevValue is { } previous)
        {
            query.Add(("prevValue", previous));
        }

        if (options.IsRecursive)
        {
            query.Add(("recursive", "true"));
        }

        return SendAsync(new(HttpMethod.Delete, PathOf(key, query)), cancel);
    }

    public Task<KeyResponse> WaitAsync(string key, bool isRecursive, ulong waitIndex, CancellationToken cancel) => SendAsync(
        new(
            HttpMethod.Get,
            PathOf(key, [("recursive", Text(isRecursive)), ("wait", "true"), ("waitIndex", waitIndex.ToString(CultureInfo.InvariantCulture))]),
            IsLongPoll: true),
        cancel);

    private async Task<KeyResponse> SendAsync(EtcdRequest request, CancellationToken cancel) => Read(await http.SendAsync(request, cancel));

    private static KeyResponse Read(EtcdReply reply)
    {
        if (reply.IsSuccess)
        {
            try
            {
                return new(EtcdJson.ReadEvent(reply.Body), reply.EtcdIndex);
            }
            catch (JsonException malformed)
            {
                throw NotTheApi(malformed);
            }
        }

        throw EtcdJson.ReadError(reply.Body) is { } error ? new EtcdException(error) : NotTheApi(null);
    }

    private static EtcdProtocolException NotTheApi(Exception? inner) =>
        new("client: response is invalid json. The endpoint is probably not valid etcd cluster endpoint.", inner);

    private string PathOf(string key, List<(string Name, string Value)> query)
    {
        string path = prefix + GoEscape.Path(GoEscape.CleanPath(key) is var clean && (clean.Length > 1 || key.EndsWith('/')) ? clean : "");
        return query.Count == 0 ? path : $"{path}?{string.Join('&', query.Select(field => $"{field.Name}={GoEscape.Query(field.Value)}"))}";
    }

    private static ImmutableArray<KeyValuePair<string, string>> FormOf(string? value, TimeSpan? ttl)
    {
        var form = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>(2);
        if (ttl is { } lifetime)
        {
            form.Add(new("ttl", ((long)lifetime.TotalSeconds).ToString(CultureInfo.InvariantCulture)));
        }

        if (value is not null)
        {
            form.Add(new("value", value));
        }

        return form.ToImmutable();
    }

    private static string Text(bool value) => value ? "true" : "false";
}
