using System.Globalization;
using Coreutil.Core.CommandLine;

namespace Coreutil.Confd.Resources;

/// <summary>The <c>mode</c> of a resource: Go's ParseUint with base 0, so that "644" without a leading zero is decimal. Nine bits take effect.</summary>
internal static class FileModes
{
    public const UnixFileMode Default = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const int PermissionBits = 0x1ff;

    public static UnixFileMode Parse(string text)
    {
        string? complaint = GoInteger.Read(text, out long value);
        return text is ['+' or '-', ..] || complaint == GoInteger.ParseError ? throw Refused(text, "invalid syntax")
            : complaint is not null || value > uint.MaxValue ? throw Refused(text, "value out of range")
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
