using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Client;

/// <summary>The server refused; thrown by the client only.</summary>
public sealed class EtcdException(EtcdError error, Exception? inner = null) : Exception(error.ToString(), inner)
{
    public EtcdError Error => error;
}

/// <summary>No endpoint answered. The texts are those of the original's Go client, one for each endpoint that was tried.</summary>
public sealed class EtcdUnavailableException(ImmutableArray<string> errors, Exception? inner = null)
    : Exception($"{Summary}{string.Concat(errors.Select((error, number) => $"; error #{number}: {error}"))}", inner)
{
    public const string Summary = "client: etcd cluster is unavailable or misconfigured";

    public ImmutableArray<string> Errors => errors;

    /// <summary>The store index at which a long poll had begun that broke later: nothing after it was seen. 0 where none had begun.</summary>
    public ulong BegunIndex { get; init; }
}

/// <summary>An answer that is not of the v2 API: a proxy's page, another server.</summary>
public sealed class EtcdProtocolException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A refusal by the members or auth API: a message without code and index.</summary>
public sealed class EtcdApiException(string message, int status, Exception? inner = null) : Exception(message, inner)
{
    public HttpStatusCode Status => (HttpStatusCode)status;

    internal static EtcdApiException From(EtcdReply reply)
    {
        try
        {
            using var document = JsonDocument.Parse(reply.Body);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("message"u8, out var message) && message.ValueKind == JsonValueKind.String)
            {
                return new(message.GetString() ?? "", reply.Status);
            }
        }
        catch (JsonException)
        {
            // Plain text (a member ID the server cannot read, a path it does not know): the status says it.
        }

        return new($"unrecognized response: {reply.Status} from {EtcdHttpClient.Show(reply.Endpoint)}", reply.Status);
    }
}
