using System.Net;
using System.Text.Json;

namespace Coreutil.Etcd.Client;

/// <summary>The members and auth APIs: JSON both ways, refusals as a bare message.</summary>
internal static class JsonRequests
{
    /// <summary>The reply's JSON; an empty object where the reply has no body.</summary>
    /// <remarks>Of some refusals the original tells the status only, whatever the server says.</remarks>
    /// <exception cref="EtcdApiException">The server refused.</exception>
    public static async Task<JsonDocument> SendJsonAsync(
        this EtcdHttpClient http, EtcdRequest request, CancellationToken cancel, Func<HttpStatusCode, bool>? isToldByStatus = null)
    {
        var reply = await http.SendAsync(request, cancel);
        try
        {
            return reply switch
            {
                { IsSuccess: true, Body.Length: 0 } => JsonDocument.Parse("{}"),
                { IsSuccess: true } => JsonDocument.Parse(reply.Body),
                _ when isToldByStatus?.Invoke((HttpStatusCode)reply.Status) == true => throw new EtcdApiException($"unexpected status code {reply.Status}", reply.Status),
                _ => throw EtcdApiException.From(reply),
            };
        }
        catch (JsonException malformed)
        {
            throw new EtcdProtocolException($"{EtcdHttpClient.Show(reply.Endpoint)} answered {request.PathAndQuery} with something that is no JSON", malformed);
        }
    }
}
