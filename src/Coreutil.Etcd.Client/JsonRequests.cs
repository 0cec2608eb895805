using System.Text.Json;

namespace Coreutil.Etcd.Client;

/// <summary>The members and auth APIs: JSON both ways, refusals as a bare message.</summary>
internal static class JsonRequests
{
    /// <summary>The reply's JSON; an empty object where the reply has no body.</summary>
    /// <exception cref="EtcdApiException">The server refused.</exception>
    public static async Task<JsonDocument> SendJsonAsync(this EtcdHttpClient http, EtcdRequest request, CancellationToken cancel)
    {
        var reply = await http.SendAsync(request, cancel);
        try
        {
            return reply switch
            {
                { IsSuccess: true, Body.Length: 0 } => JsonDocument.Parse("{}"),
                { IsSuccess: true } => JsonDocument.Parse(reply.Body),
                _ => throw EtcdApiException.From(reply),
            };
        }
        catch (JsonException malformed)
        {
            throw new EtcdProtocolException($"{EtcdHttpClient.Show(reply.Endpoint)} answered {request.PathAndQuery} with something that is no JSON", malformed);
        }
    }
}
