using System.Buffers;
using Coreutil.Core.CommandLine;

namespace Coreutil.Applets.Etcdctl;

/// <summary>What Go's URL parser says against the host, the port and the escapes of an endpoint.</summary>
internal static class EndpointHost
{
    private static readonly SearchValues<char> _unfit = SearchValues.Create(" <>\"\\^`{|}");

    /// <summary>Null where nothing is wrong with the host or with what follows it.</summary>
    public static string? Complaint(string host, string url)
    {
        string port = host[(host.LastIndexOf(':') is var colon and >= 0 ? colon : host.Length)..];
        if (host.StartsWith('['))
        {
            int close = host.LastIndexOf(']');
            if (close < 0)
            {
                return "missing ']' in host";
            }

            port = host[(close + 1)..];
        }

        return port.Length > 0 && (port[0] != ':' || !port.AsSpan(1).ContainsOnlyDigits())
            ? $"invalid port {GoQuote.Quote(port)} after host"
            : EscapeOf(host, isHost: true)
                ?? (host.AsSpan().IndexOfAny(_unfit) is var at and >= 0 ? $"invalid character {GoQuote.Quote(host[at].ToString())} in host name" : null)
                ?? EscapeOf(url, isHost: false);
    }

    /// <summary>The first escape that is none; in a host only bytes beyond ASCII may be escaped.</summary>
    private static string? EscapeOf(string text, bool isHost)
    {
        for (int at = text.IndexOf('%'); at >= 0; at = text.IndexOf('%', at + 1))
        {
            bool isEscape = at + 2 < text.Length && char.IsAsciiHexDigit(text[at + 1]) && char.IsAsciiHexDigit(text[at + 2]);
            if (!isEscape || (isHost && text[at + 1] < '8' && text[at..(at + 3)] != "%25"))
            {
                return $"invalid URL escape {GoQuote.Quote(text[at..Math.Min(at + 3, text.Length)])}";
            }
        }

        return null;
    }

    private static bool ContainsOnlyDigits(this ReadOnlySpan<char> text) => text.IndexOfAnyExceptInRange('0', '9') < 0;
}
