using System.Globalization;

namespace Coreutil.Fleet.Api;

/// <summary>What stands behind the question mark of an address in <c>listen</c>.</summary>
/// <param name="Mode">Of a unix socket; null: what the umask leaves.</param>
/// <param name="Group">Of a unix socket.</param>
/// <param name="IsReadOnly">Requests that change anything are refused there.</param>
internal sealed record ListenOptionsText(UnixFileMode? Mode, string? Group, bool IsReadOnly)
{
    public static bool TryRead(Uri address, out ListenOptionsText options)
    {
        options = new(null, null, false);
        foreach (string pair in address.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            switch (pair.Split('=', 2))
            {
                case ["mode", var octal] when address.Scheme == "unix" && IsOctal(octal):
                    options = options with { Mode = (UnixFileMode)Convert.ToInt32(octal, 8) };
                    break;
                case ["group", { Length: > 0 } group] when address.Scheme == "unix":
                    options = options with { Group = group };
                    break;
                case ["readonly", "true" or "false"]:
                    options = options with { IsReadOnly = pair.EndsWith("true", StringComparison.Ordinal) };
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    private static bool IsOctal(string text) =>
        text.Length is > 0 and <= 4 && text.All(c => c is >= '0' and <= '7') && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
