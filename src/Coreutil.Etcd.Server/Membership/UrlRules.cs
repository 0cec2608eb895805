using System.Globalization;
using Coreutil.Core.CommandLine;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>What etcd takes for a member's URL, and its words for what it does not (Go's url.Parse first, then its own rules).</summary>
public static class UrlRules
{
    /// <summary>The failure of a list of URLs; null when all are sound.</summary>
    public static string? Refuse(IReadOnlyCollection<string> urls) =>
        urls.Count == 0 ? "no valid URLs given" : urls.Select(Refuse).FirstOrDefault(failure => failure is not null);

    /// <summary>The failure of one URL; null when it is sound.</summary>
    public static string? Refuse(string url)
    {
        int colon = url.IndexOf(':', StringComparison.Ordinal);
        string scheme = colon > 0 && char.IsAsciiLetter(url[0]) && url[..colon].All(IsSchemeCharacter) ? url[..colon] : "";
        if (colon == 0)
        {
            return $"parse {GoQuote.Quote(url)}: missing protocol scheme";
        }

        if (scheme.Length == 0 && colon > 0 && !url[..colon].Contains('/', StringComparison.Ordinal))
        {
            return $"parse {GoQuote.Quote(url)}: first path segment in URL cannot contain colon";
        }

        if (scheme is not ("http" or "https"))
        {
            return $"URL scheme must be http or https: {url}";
        }

        string rest = url[(colon + 1)..];
        string authority = rest.StartsWith("//", StringComparison.Ordinal) ? rest[2..] : "";
        int end = authority.IndexOfAny(['/', '?', '#']);
        string host = end < 0 ? authority : authority[..end];
        int portColon = host.LastIndexOf(':');
        if (portColon >= 0 && portColon > host.LastIndexOf(']') && !host[(portColon + 1)..].All(char.IsAsciiDigit))
        {
            return $"parse {GoQuote.Quote(url)}: invalid port {GoQuote.Quote(host[portColon..])} after host";
        }

        if (portColon < 0 || portColon < host.LastIndexOf(']'))
        {
            return $"URL address does not have the form \"host:port\": {url}";
        }

        if (host[(portColon + 1)..] is { Length: > 0 } port && !ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            return $"URL address does not have the form \"host:port\": {url}";
        }

        return end >= 0 && authority[end] == '/' ? $"URL must not contain a path: {url}" : null;
    }

    private static bool IsSchemeCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.';
}
