using System.Globalization;

namespace Coreutil.Core.CommandLine;

/// <summary>
/// An integer as Go's flags read it, by the literals of the language: decimal, <c>0x</c>, <c>0b</c>, <c>0o</c> or a leading zero for octal, and underscores
/// between the digits.
/// </summary>
public static class GoInteger
{
    public const string ParseError = "parse error";

    /// <summary>What Go says against the text; null where it is a number of 64 bits.</summary>
    public static string? Read(string text, out long value)
    {
        value = 0;
        bool isNegative = text.StartsWith('-');
        string literal = text[(isNegative || text.StartsWith('+') ? 1 : 0)..];
        var (digits, radix) = Split(literal);
        // An underscore needs a digit on both sides; the prefix counts as one.
        if (digits.Length == 0 || digits.EndsWith('_') || digits.Contains("__", StringComparison.Ordinal) || (digits[0] == '_' && digits.Length == literal.Length))
        {
            return ParseError;
        }

        UInt128 sum = 0;
        bool fits = true;
        foreach (char digit in digits.Where(digit => digit != '_'))
        {
            int number = char.IsAsciiHexDigit(digit) ? int.Parse([digit], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : radix;
            if (number >= radix)
            {
                return ParseError;
            }

            fits = fits && (sum = (sum * (uint)radix) + (uint)number) <= (UInt128)long.MaxValue + (isNegative ? 1u : 0u);
        }

        if (!fits)
        {
            return "value out of range";
        }

        value = isNegative ? (long)-(Int128)sum : (long)sum;
        return null;
    }

    private static (string Digits, int Radix) Split(string literal) => literal switch
    {
        ['0', 'x' or 'X', .. var digits] => (digits, 16),
        ['0', 'b' or 'B', .. var digits] => (digits, 2),
        ['0', 'o' or 'O', .. var digits] => (digits, 8),
        ['0', _, ..] => (literal[1..], 8),
        _ => (literal, 10),
    };
}
