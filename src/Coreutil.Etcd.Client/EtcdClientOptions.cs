using System.Collections.Immutable;

namespace Coreutil.Etcd.Client;

/// <summary>Where the cluster answers and how to speak to it.</summary>
public sealed record EtcdClientOptions
{
    public required ImmutableArray<Uri> Endpoints { get; init; }

    /// <summary>How long one endpoint may take to answer before the next one is asked; zero is without limit. So are long polls.</summary>
    public TimeSpan EndpointTimeout { get; init; } = TimeSpan.FromSeconds(3);

    public string? Username { get; init; }

    public string? Password { get; init; }

    /// <summary>PEM files. A CA alone checks the server; certificate and key together identify the client.</summary>
    public string? CaFile { get; init; }

    public string? CertFile { get; init; }

    public string? KeyFile { get; init; }

    /// <summary>An HTTP proxy to go through; null for none, whatever the environment says.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Told of every request before it is sent to an endpoint (etcdctl's --debug).</summary>
    public Action<EtcdRequest, Uri>? OnRequest { get; init; }
}

/// <summary>One request of the v2 API: a path below the endpoint and, for writes, a form.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="PathAndQuery">Escaped, from the slash on.</param>
/// <param name="Form">Fields of an urlencoded body; default for none.</param>
/// <param name="IsLongPoll">True where the answer may take for ever.</param>
public sealed record EtcdRequest(
    HttpMethod Method, string PathAndQuery, ImmutableArray<KeyValuePair<string, string>> Form = default, bool IsLongPoll = false)
{
    /// <summary>A body that is no form (members, auth), sent as application/json.</summary>
    public string? Json { get; init; }

    /// <summary>The header in place of the client's own: the token of the v3 gateway.</summary>
    public string? Authorization { get; init; }
}

/// <summary>A reply, whatever its status below 500.</summary>
public sealed record EtcdReply(int Status, byte[] Body, ulong EtcdIndex, Uri Endpoint)
{
    public bool IsSuccess => Status is >= 200 and < 300;
}
