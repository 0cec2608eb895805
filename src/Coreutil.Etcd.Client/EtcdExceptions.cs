using System.Collections.Immutable;
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
}

/// <summary>An answer that is not of the v2 API: a proxy's page, another server.</summary>
public sealed class EtcdProtocolException(string message, Exception? inner = null) : Exception(message, inner);
