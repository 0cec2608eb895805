using System.Globalization;

namespace Coreutil.Units.Files;

/// <summary>Numbers of unit files: decimal, or with the prefix of their base (<c>0x10</c>, <c>0b10</c>, <c>0o10</c>, <c>010</c>).</summary>
public static class NumberText
{
    /// <summary>Null where the text is none, or one that 64 bits do not hold.</summary>
    public static ulong? ParseUnsigned(ReadOnlySpan<char> text)
    {
        var digits = text is ['+', ..] ? text[1..] : text;
        return digits switch
        {
            ['0', 'x' or 'X', .. var rest] => ulong.TryParse(rest, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value) ? value : null,
            ['0', 'b' or 'B', .. var rest] => ulong.TryParse(rest, NumberStyles.AllowBinarySpecifier, CultureInfo.InvariantCulture, out ulong value) ? value : null,
            ['0', 'o' or 'O', .. var rest] => ParseOctal(rest),
            ['0', .. { IsEmpty: false } rest] => ParseOctal(rest),
            _ => ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : null,
        };
    }

    public static long? ParseSigned(ReadOnlySpan<char> text)
    {
        bool isNegative = text is ['-', ..];
        return ParseUnsigned(isNegative ? text[1..] : text) is { } value and <= long.MaxValue ? isNegative ? -(long)value : (long)value : null;
    }

    public static ulong? ParseOctal(ReadOnlySpan<char> digits)
    {
        if (digits.IsEmpty || digits.Length > 21 || digits.ContainsAnyExceptInRange('0', '7'))
        {
            return null;
        }

        ulong value = 0;
        foreach (char digit in digits)
        {
            value = (value * 8) + (ulong)(digit - '0');
        }

        return value;
    }
}
