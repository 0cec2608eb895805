using System.Globalization;

namespace Coreutil.Units.Systemd.DBus;

/// <summary>Server addresses (D-Bus specification, "Server Addresses"): the first unix socket of a list such as <c>unix:path=/run/bus;unix:abstract=x</c>.</summary>
public static class DBusAddress
{
    /// <summary>The socket's path, with an @ for the abstract namespace; null when the address names no unix socket.</summary>
    public static string? SocketPath(string address)
    {
        foreach (string candidate in address.Split(';').Where(candidate => candidate.StartsWith("unix:", StringComparison.Ordinal)))
        {
            foreach (string pair in candidate["unix:".Length..].Split(','))
            {
                if (pair.StartsWith("path=", StringComparison.Ordinal))
                {
                    return Unescape(pair["path=".Length..]);
                }

                if (pair.StartsWith("abstract=", StringComparison.Ordinal))
                {
                    return "@" + Unescape(pair["abstract=".Length..]);
                }
            }
        }

        return null;
    }

    private static string Unescape(string value)
    {
        string[] parts = value.Split('%');
        return parts[0] + string.Concat(parts.Skip(1).Select(part =>
            part.Length >= 2 && byte.TryParse(part.AsSpan(0, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte code)
                ? (char)code + part[2..]
                : "%" + part));
    }
}
