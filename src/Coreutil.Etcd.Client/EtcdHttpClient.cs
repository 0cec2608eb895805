using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Coreutil.Etcd.Client;

/// <summary>
/// Sends a request to the first endpoint that answers: connection failures and 5xx replies go on to the next one, as the original's client does.
/// The endpoint that answered last is asked first.
/// </summary>
public sealed class EtcdHttpClient : IDisposable
{
    private readonly EtcdClientOptions _options;
    private readonly HttpClient _http;
    private int _preferred;

    public EtcdHttpClient(EtcdClientOptions options)
    {
        _options = options;
        _http = new HttpClient(EtcdTls.CreateHandler(options), disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
        if (options.Username is { } user)
        {
            string credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{options.Password}"));
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", credentials);
        }
    }

    public ImmutableArray<Uri> Endpoints => _options.Endpoints;

    /// <exception cref="EtcdUnavailableException">No endpoint gave a reply below 500.</exception>
    public async Task<EtcdReply> SendAsync(EtcdRequest request, CancellationToken cancel)
    {
        var errors = ImmutableArray.CreateBuilder<string>();
        Exception? last = null;
        int count = _options.Endpoints.Length;
        int first = _preferred;
        for (int attempt = 0; attempt < count; attempt++)
        {
            int number = (first + attempt) % count;
            var endpoint = _options.Endpoints[number];
            try
            {
                _options.OnRequest?.Invoke(request, endpoint);
                var reply = await SendToAsync(endpoint, request, cancel);
                if (reply.Status < 500)
                {
                    _preferred = number;
                    return reply;
                }

                errors.Add(reply.Status is 500 or 503
                    ? $"client: etcd member {Show(endpoint)} has no leader"
                    : $"client: etcd member {Show(endpoint)} returns server error [{TextOf(reply.Status)}]");
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException
                || (failure is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                errors.Add(failure is OperationCanceledException
                    ? $"client: endpoint {Show(endpoint)} exceeded header timeout"
                    : GoNetError.Describe(failure, endpoint));
                last = failure;
            }
        }

        throw new EtcdUnavailableException(errors.ToImmutable(), last);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>An endpoint as the original prints it: as it was given, without the slash that Uri adds.</summary>
    public static string Show(Uri endpoint) => endpoint.OriginalString;

    /// <summary>What goes before a request's path.</summary>
    public static string BaseOf(Uri endpoint) => endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/');

    /// <summary>Asks one endpoint; its reply counts whatever the status.</summary>
    public async Task<EtcdReply> SendToAsync(Uri endpoint, EtcdRequest request, CancellationToken cancel)
    {
        using var message = MessageOf(endpoint, request);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (!request.IsLongPoll && _options.EndpointTimeout > TimeSpan.Zero)
        {
            limit.CancelAfter(_options.EndpointTimeout);
        }

        using var reply = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        ulong index = reply.Headers.TryGetValues("X-Etcd-Index", out var values) && ulong.TryParse(values.First(), out ulong value) ? value : 0;
        byte[] body = request.IsLongPoll
            ? await ReadLongPollAsync(reply, endpoint, index, cancel)
            : await reply.Content.ReadAsByteArrayAsync(limit.Token);
        return new((int)reply.StatusCode, body, index, endpoint);
    }

    /// <summary>
    /// The headers of a long poll come at once, its body with the event. One that breaks between them must not be repeated as it was at another
    /// endpoint, since "from now on" is a later now there: the caller is told where it had begun. A server that stops ends the body without a byte.
    /// </summary>
    private static async Task<byte[]> ReadLongPollAsync(HttpResponseMessage reply, Uri endpoint, ulong index, CancellationToken cancel)
    {
        try
        {
            byte[] body = await reply.Content.ReadAsByteArrayAsync(cancel);
            return body.Length > 0 ? body : throw new EtcdUnavailableException(["unexpected EOF"]) { BegunIndex = index };
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            throw new EtcdUnavailableException([GoNetError.Describe(broken, endpoint)], broken) { BegunIndex = index };
        }
    }

    /// <summary>The body of the first endpoint's answer as it comes: the watches of the v3 gateway, which never end.</summary>
    /// <exception cref="EtcdUnavailableException">No endpoint granted it.</exception>
    public async Task<Stream> OpenStreamAsync(EtcdRequest request, CancellationToken cancel)
    {
        var errors = ImmutableArray.CreateBuilder<string>();
        Exception? last = null;
        int first = _preferred;
        for (int attempt = 0; attempt < _options.Endpoints.Length; attempt++)
        {
            var endpoint = _options.Endpoints[(first + attempt) % _options.Endpoints.Length];
            try
            {
                using var message = MessageOf(endpoint, request);
                var reply = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancel);
                if (reply.IsSuccessStatusCode)
                {
                    return await reply.Content.ReadAsStreamAsync(cancel);
                }

                errors.Add($"client: etcd member {Show(endpoint)} returns server error [{(int)reply.StatusCode}]");
                reply.Dispose();
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException)
            {
                errors.Add(GoNetError.Describe(failure, endpoint));
                last = failure;
            }
        }

        throw new EtcdUnavailableException(errors.ToImmutable(), last);
    }

    private static string TextOf(int status)
    {
        using var reply = new HttpResponseMessage((HttpStatusCode)status);
        return reply.ReasonPhrase ?? "";
    }

    private static HttpRequestMessage MessageOf(Uri endpoint, EtcdRequest request)
    {
        var message = new HttpRequestMessage(request.Method, new Uri(BaseOf(endpoint) + request.PathAndQuery));
        if (request.Authorization is { } authorization)
        {
            message.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        if (request.Json is { } json)
        {
            message.Content = new StringContent(json, Encoding.UTF8) { Headers = { ContentType = new("application/json") } };
        }
        else if (!request.Form.IsDefault)
        {
            message.Content = new FormUrlEncodedContent(request.Form);
        }

        return message;
    }
}
