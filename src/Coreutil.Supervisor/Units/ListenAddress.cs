using System.Net;
using System.Net.Sockets;
using Coreutil.Supervisor.Processes;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>
/// Addresses of Listen…= lines (systemd.socket(5)): a path, <c>@abstract</c>, <c>PORT</c>, <c>ADDRESS:PORT</c>, <c>[ADDRESS]:PORT</c>.
/// </summary>
internal static class ListenAddress
{
    private const int LongestPath = 107;

    /// <summary>The address, or why it is none.</summary>
    public static (EndPoint? Address, string? Fault) Parse(string text)
    {
        if (text.StartsWith('/'))
        {
            return text.Length > LongestPath ? (null, SystemError.NameTooLong) : (new UnixDomainSocketEndPoint(text), null);
        }

        if (text.StartsWith('@') && text.Length > 1)
        {
            return text.Length > LongestPath ? (null, SystemError.NameTooLong) : (new UnixDomainSocketEndPoint('\0' + text[1..]), null);
        }

        int colon = text.LastIndexOf(':');
        string port = text[(colon + 1)..];
        var address = colon < 0 ? IPAddress.IPv6Any : HostOf(text[..colon]);
        return address is null || NumberText.ParseSigned(port) is not { } number || number == 0 ? (null, SystemError.InvalidArgument)
            : number is < 0 or > ushort.MaxValue ? (null, SystemError.OutOfRange)
            : (new IPEndPoint(address, (int)number), null);
    }

    /// <summary>In brackets of the sixth version, else four numbers.</summary>
    private static IPAddress? HostOf(string text) =>
        text is ['[', .. var inner, ']'] ? IPAddress.TryParse(inner, out var bracketed) && bracketed.AddressFamily == AddressFamily.InterNetworkV6 ? bracketed : null
        : text.AsSpan().Count('.') == 3 && IPAddress.TryParse(text, out var plain) && plain.AddressFamily == AddressFamily.InterNetwork ? plain
        : null;
}
