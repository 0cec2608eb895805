using System.Buffers;
using Coreutil.Core.CommandLine;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>What etcd takes for a member's URL, and its words for what it does not (Go's url.Parse first, then its own rules).</summary>
public static class UrlRules
{
    private static readonly SearchValues<char> _hostCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~!$&'()*+,;=:[]<>\"%");

    /// <summary>The failure of a list of URLs; null when all are sound.</summary>
    public static string? Refuse(IReadOnlyCollection<string> urls) =>
        urls.Count == 0 ? "no valid URLs given" : urls.Select(Refuse).FirstOrDefault(failure => failure is not null);

    /// <summary>The failure of one URL; null when it is sound.</summary>
    public static string? Refuse(string url)
    {
        url = url.Trim();
        string parsed = url.Split('#', 2)[0];
        if (parsed.Any(c => c is < ' ' or '\x7f'))
        {
            return Unparsable(parsed, "net/url: invalid control character in URL");
        }

        int colon = parsed.IndexOf(':', StringComparison.Ordinal);
        if (colon == 0)
        {
            return Unparsable(parsed, "missing protocol scheme");
        }

        string scheme = colon > 0 && char.IsAsciiLetter(url[0]) && url[..colon].All(IsSchemeCharacter) ? url[..colon].ToLowerInvariant() : "";
        string rest = (scheme.Length > 0 ? parsed[(colon + 1)..] : parsed).Split('?', 2)[0];
        if (scheme.Length == 0 && !rest.StartsWith('/') && rest.Split('/', 2)[0].Contains(':', StringComparison.Ordinal))
        {
            return Unparsable(parsed, "first path segment in URL cannot contain colon");
        }

        bool hasAuthority = rest.StartsWith("//", StringComparison.Ordinal) && (scheme.Length > 0 || !rest.StartsWith("///", StringComparison.Ordinal));
        int pathStart = hasAuthority ? rest.IndexOf('/', 2) : 0;
        string authority = !hasAuthority ? "" : pathStart < 0 ? rest[2..] : rest[2..pathStart];
        string path = pathStart < 0 ? "" : rest[pathStart..];
        string host = authority[(authority.LastIndexOf('@') + 1)..];
        return RefuseHost(host) is { } failure ? Unparsable(parsed, failure) : RefuseUse(url, scheme, host, path);
    }

    /// <summary>Go's parseHost.</summary>
    private static string? RefuseHost(string host)
    {
        if (host.StartsWith('[') && !host.Contains(']', StringComparison.Ordinal))
        {
            return "missing ']' in host";
        }

        int portColon = host.StartsWith('[') ? host.LastIndexOf(']') + 1 : host.LastIndexOf(':');
        if (portColon >= 0 && host[portColon..] is { Length: > 0 } port && (port[0] != ':' || !port.AsSpan(1).ContainsOnlyDigits()))
        {
            return $"invalid port {GoQuote.Quote(port)} after host";
        }

        for (int i = 0; i < host.Length; i++)
        {
            // In a host only bytes above ASCII are escaped.
            if (host[i] == '%' && (i + 2 >= host.Length || host[i + 1] is not (>= '8' and <= '9' or >= 'a' and <= 'f' or >= 'A' and <= 'F') || !char.IsAsciiHexDigit(host[i + 2])))
            {
                return $"invalid URL escape {GoQuote.Quote(host.Substring(i, Math.Min(3, host.Length - i)))}";
            }

            if (char.IsAscii(host[i]) && !_hostCharacters.Contains(host[i]))
            {
                return $"invalid character {GoQuote.Quote(host.Substring(i, 1))} in host name";
            }
        }

        return null;
    }

    /// <summary>etcd's own rules for a URL that could be parsed.</summary>
    private static string? RefuseUse(string url, string scheme, string host, string path)
    {
        if (scheme is not ("http" or "https"))
        {
            return $"URL scheme must be http or https: {url}";
        }

        bool hasPort = host.StartsWith('[') ? host.Contains("]:", StringComparison.Ordinal) : host.Count(c => c == ':') == 1;
        return !hasPort ? $"URL address does not have the form \"host:port\": {url}"
            : path.Length > 0 ? $"URL must not contain a path: {url}" : null;
    }

    private static string Unparsable(string url, string failure) => $"parse {GoQuote.Quote(url)}: {failure}";

    private static bool IsSchemeCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.';

    private static bool ContainsOnlyDigits(this ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange('0', '9');
}
