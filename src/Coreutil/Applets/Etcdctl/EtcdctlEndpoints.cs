using System.Collections.Immutable;
using Coreutil.Core.CommandLine;

namespace Coreutil.Applets.Etcdctl;

/// <summary>Which endpoints a command line and an environment come to.</summary>
internal static class EtcdctlEndpoints
{
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
        if (url.Contains(':', StringComparison.Ordinal) && !url.Contains("://", StringComparison.Ordinal))
        {
            Parse(url);
        }

        if (!url.StartsWith("http://", StringComparison.Ordinal) && !url.StartsWith("https://", StringComparison.Ordinal))
        {
            throw EtcdctlFailure.BadArguments($"URL scheme must be http or https: {url}");
        }
    }

    /// <summary>The URL of an endpoint; what is none is refused in the words of Go's URL parser and HTTP client.</summary>
    public static Uri Parse(string endpoint)
    {
        int colon = endpoint.IndexOf(':', StringComparison.Ordinal);
        string scheme = colon > 0 && char.IsAsciiLetter(endpoint[0]) ? endpoint[..colon] : "";
        if (scheme.Length == 0 && colon >= 0 && !endpoint[..colon].Contains('/', StringComparison.Ordinal))
        {
            throw EtcdctlFailure.BadArguments(colon == 0
                ? $"parse {GoQuote.Quote(endpoint)}: missing protocol scheme"
                : $"parse {GoQuote.Quote(endpoint)}: first path segment in URL cannot contain colon");
        }

        return scheme.ToLowerInvariant() is not ("http" or "https")
            ? throw EtcdctlFailure.Error($"unsupported protocol scheme {GoQuote.Quote(scheme)}", EtcdctlExit.ServerError)
            : Uri.TryCreate(endpoint, UriKind.Absolute, out var url) ? url : throw EtcdctlFailure.BadArguments($"parse {GoQuote.Quote(endpoint)}: invalid URL");
    }
}
