using System.Buffers;
using System.Collections.Immutable;
using Coreutil.Core.CommandLine;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl;

/// <summary>Which endpoints a command line and an environment come to.</summary>
internal static class EtcdctlEndpoints
{
    private static readonly SearchValues<char> _schemeCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    public const string Default = "http://127.0.0.1:2379,http://127.0.0.1:4001";

    /// <summary>
    /// Newer names win over older ones before flags win over variables: ETCDCTL_ENDPOINTS in the environment beats the flags --endpoint and --peers.
    /// </summary>
    public static ImmutableArray<string> Choose(Func<string, string?> flag, Func<string, string?> variable)
    {
        string? chosen = flag("endpoints") ?? variable("ETCDCTL_ENDPOINTS")
            ?? flag("endpoint") ?? variable("ETCDCTL_ENDPOINT")
            ?? flag("peers") ?? variable("ETCDCTL_PEERS");
        return [.. (chosen ?? Default).Split(',')];
    }

    /// <summary>Refuses what is no peer URL before the server is asked.</summary>
    public static void CheckPeer(string url)
    {
        string[] parts = url.Split("://", 2);
        if (parts is ["http" or "https", var rest])
        {
            _ = Parse(url);
            string host = rest.Split('/')[0];
            string? complaint = host.LastIndexOf(':') <= host.LastIndexOf(']')
                ? "URL address does not have the form \"host:port\""
                : rest.Length > host.Length ? "URL must not contain a path" : null;
            if (complaint is not null)
            {
                throw EtcdctlFailure.BadArguments($"{complaint}: {url}");
            }

            return;
        }

        if (parts.Length == 1 && url.Contains(':', StringComparison.Ordinal))
        {
            _ = Parse(url);
        }

        throw EtcdctlFailure.BadArguments($"URL scheme must be http or https: {url}");
    }

    /// <summary>The URLs of all endpoints that name a host; those that do not are passed over, unless none is left.</summary>
    public static ImmutableArray<Uri> ParseAll(IEnumerable<string> endpoints)
    {
        ImmutableArray<Uri> urls = [.. endpoints.Select(Parse).OfType<Uri>()];
        return urls.IsEmpty ? throw EtcdctlFailure.Error("http: no Host in request URL", EtcdctlExit.ServerError) : urls;
    }

    /// <summary>
    /// The URL of an endpoint, null where it has no host; what is none is refused in the words of Go's URL parser and HTTP client. A missing scheme is
    /// http, but a host and a port without one are read as a scheme or a path, as by the original.
    /// </summary>
    public static Uri? Parse(string endpoint)
    {
        int end = endpoint.AsSpan().IndexOfAnyExcept(_schemeCharacters);
        bool hasScheme = end > 0 && endpoint[end] == ':' && char.IsAsciiLetter(endpoint[0]);
        string scheme = hasScheme ? endpoint[..end].ToLowerInvariant() : "";
        string rest = hasScheme ? endpoint[(end + 1)..] : endpoint;
        if (endpoint.StartsWith(':'))
        {
            throw Refused(endpoint, "missing protocol scheme");
        }

        if (!hasScheme && !rest.StartsWith('/') && rest.Split('/')[0].Contains(':', StringComparison.Ordinal))
        {
            throw Refused(endpoint, "first path segment in URL cannot contain colon");
        }

        rest = hasScheme || rest.StartsWith("//", StringComparison.Ordinal) ? rest : "//" + rest;
        string authority = rest.StartsWith("//", StringComparison.Ordinal) ? rest[2..].Split('/', '?', '#')[0] : "";
        if (EndpointHost.Complaint(authority[(authority.LastIndexOf('@') + 1)..], rest) is { } complaint)
        {
            throw Refused(endpoint, complaint);
        }

        if (scheme is not ("" or "http" or "https"))
        {
            throw EtcdctlFailure.Error($"unsupported protocol scheme {GoQuote.Quote(scheme)}", EtcdctlExit.ServerError);
        }

        if (authority.Length == 0)
        {
            return null;
        }

        return Uri.TryCreate((hasScheme ? scheme : "http") + ":" + rest, UriKind.Absolute, out var url)
            ? url
            : throw new EtcdctlFailure($"Error:  {EtcdUnavailableException.Summary}\nerror #0: dial tcp: address {authority[(authority.LastIndexOf(':') + 1)..]}: invalid port\n\n", EtcdctlExit.BadConnection);
    }

    private static EtcdctlFailure Refused(string endpoint, string complaint) => EtcdctlFailure.BadArguments($"parse {GoQuote.Quote(endpoint)}: {complaint}");
}
