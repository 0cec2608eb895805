using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Coreutil.Confd.Templates;

namespace Coreutil.Confd.Backends;

/// <summary>A plain scalar by YAML 1.1, written as the original writes the value it becomes: <c>yes</c> is true, <c>017</c> is 15, <c>1e3</c> is 1000.</summary>
internal static partial class YamlScalar
{
    /// <summary>Null where the original drops the key: null itself, and integers beyond 64 bits.</summary>
    public static string? Resolve(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "y" or "Y" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" or "true" or "True" or "TRUE" => "true",
        "n" or "N" or "no" or "No" or "NO" or "off" or "Off" or "OFF" or "false" or "False" or "FALSE" => "false",
        ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF" => "+Inf",
        "-.inf" or "-.Inf" or "-.INF" => "-Inf",
        ".nan" or ".NaN" or ".NAN" => "NaN",
        "<<" => text,
        _ => ResolveNumber(text),
    };

    private static string? ResolveNumber(string text)
    {
        if (!StartsNumber().IsMatch(text))
        {
            return text;
        }

        string plain = text.Replace("_", "", StringComparison.Ordinal);
        if (Integer(plain) is { } integer)
        {
            return integer >= long.MinValue && integer <= long.MaxValue ? integer.ToString(CultureInfo.InvariantCulture) : null;
        }

        return FloatShape().IsMatch(plain) && double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? FloatFormat.Format(number, 'f', -1)
            : text;
    }

    private static BigInteger? Integer(string text)
    {
        bool isNegative = text[0] == '-';
        string body = text[0] is '+' or '-' ? text[1..] : text;
        int radix = body is ['0', 'x' or 'X', ..] ? 16 : body is ['0', 'b' or 'B', ..] ? 2 : body is ['0', _, ..] ? 8 : 10;
        string digits = body is ['0', 'x' or 'X' or 'b' or 'B' or 'o' or 'O', ..] ? body[2..] : body;
        if (digits.Length == 0)
        {
            return null;
        }

        BigInteger value = 0;
        foreach (char c in digits)
        {
            int digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            if (digit >= radix)
            {
                return null;
            }

            value = (value * radix) + digit;
        }

        return isNegative ? -value : value;
    }

    [GeneratedRegex(@"^[-+.]?[0-9]|^[-+]\.[0-9]")]
    private static partial Regex StartsNumber();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")]
    private static partial Regex FloatShape();
}
