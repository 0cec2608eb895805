using System.Globalization;
using System.Numerics;

namespace Coreutil.Confd.Resources;

/// <summary>The <c>mode</c> of a resource: Go's ParseUint with base 0, so that "644" without a leading zero is decimal. Nine bits take effect.</summary>
internal static class FileModes
{
    public const UnixFileMode Default = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const int PermissionBits = 0x1ff;

    public static UnixFileMode Parse(string text)
    {
        string body = text.ToUpperInvariant();
        int radix = body is ['0', 'X', ..] ? 16 : body is ['0', 'B', ..] ? 2 : body is ['0', _, ..] ? 8 : 10;
        string digits = body is ['0', 'X' or 'B' or 'O', ..] ? body[2..] : body;
        BigInteger value = 0;
        foreach (char c in digits)
        {
            int digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            value = digit < radix ? (value * radix) + digit : throw Refused(text, "invalid syntax");
        }

        return digits.Length == 0 ? throw Refused(text, "invalid syntax")
            : value > uint.MaxValue ? throw Refused(text, "value out of range")
            : (UnixFileMode)((int)(uint)value & PermissionBits);
    }

    /// <summary>As <c>ls -l</c> shows a file: <c>-rw-r--r--</c>.</summary>
    public static string Describe(UnixFileMode mode) => "-" + string.Create(9, (int)mode, static (text, bits) =>
    {
        for (int i = 0; i < text.Length; i++)
        {
            text[i] = (bits & (0x100 >> i)) != 0 ? "rwx"[i % 3] : '-';
        }
    });

    private static ConfdException Refused(string text, string why) =>
        new(string.Create(CultureInfo.InvariantCulture, $"strconv.ParseUint: parsing \"{text}\": {why}"));
}
