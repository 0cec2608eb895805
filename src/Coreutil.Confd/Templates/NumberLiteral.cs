using System.Globalization;
using System.Numerics;

namespace Coreutil.Confd.Templates;

/// <summary>An untyped constant: it is an int, a float or a complex number, or several of them, as far as its value allows.</summary>
internal sealed record NumberLiteral(string Text)
{
    public long? Int { get; init; }

    public double? Float { get; init; }

    public Complex? Complex { get; init; }

    /// <summary>Fits an unsigned 64-bit integer but no signed one: parses, and fails when used.</summary>
    public bool IsBeyondInt { get; init; }

    private bool LooksLikeFloat => Text.AsSpan().ContainsAny(".eEpP") && !IsHexadecimalInteger && Text[0] != '\'';

    private bool IsHexadecimalInteger => Text.Contains('x', StringComparison.OrdinalIgnoreCase) && !Text.AsSpan().ContainsAny("pP");

    /// <summary>What the constant is where no type is asked for; null when it overflows int.</summary>
    public object? Ideal => Complex is { } complex ? complex : Float is { } number && LooksLikeFloat ? number : Int is { } integer ? integer : null;

    /// <summary>Either a literal or Go's text of what is wrong with it.</summary>
    public static (NumberLiteral? Literal, string Error) Parse(string text, TokenKind kind)
    {
        if (kind == TokenKind.CharConstant)
        {
            return GoUnquote.Character(text) switch
            {
                null => (null, "invalid syntax"),
                var (_, end) when end != text.Length - 1 => (null, $"malformed character constant: {text}"),
                var (code, _) => (new NumberLiteral(text) { Int = code, Float = code }, ""),
            };
        }

        if (kind == TokenKind.Complex)
        {
            int sign = text.LastIndexOfAny(['+', '-']);
            // The sign of an exponent is not the one between the two parts.
            while (sign > 0 && text[sign - 1] is 'e' or 'E' or 'p' or 'P')
            {
                sign = text.LastIndexOfAny(['+', '-'], sign - 1);
            }

            return ParseFloat(text[..sign]) is { } real && ParseFloat(text[sign..^1]) is { } imaginary
                ? (Simplify(text, new Complex(real, imaginary)), "")
                : (null, "syntax error scanning complex number");
        }

        if (text[^1] == 'i' && ParseFloat(text[..^1]) is { } alone)
        {
            return (Simplify(text, new Complex(0, alone)), "");
        }

        if (ParseInteger(text) is { } big)
        {
            if (big >= long.MinValue && big <= long.MaxValue)
            {
                return (new NumberLiteral(text) { Int = (long)big, Float = (double)big }, "");
            }

            if (big > 0 && big <= ulong.MaxValue && text[0] != '+')
            {
                return (new NumberLiteral(text) { Float = (double)big, IsBeyondInt = true }, "");
            }
        }

        if (ParseFloat(text) is not { } value)
        {
            return (null, $"illegal number syntax: {GoText.Quote(text)}");
        }

        if (!text.AsSpan().ContainsAny(".eEpP"))
        {
            return (null, $"integer overflow: {GoText.Quote(text)}");
        }

        // A whole float also serves where an int is asked for: add 1.0 2.
        bool isWhole = value is >= -9223372036854775808.0 and < 9223372036854775808.0 && Math.Truncate(value) == value;
        return (new NumberLiteral(text) { Float = value, Int = isWhole ? (long)value : null }, "");
    }

    private static NumberLiteral Simplify(string text, Complex value) => new(text)
    {
        Complex = value,
        Float = value.Imaginary == 0 ? value.Real : null,
        Int = value.Imaginary == 0 && Math.Truncate(value.Real) == value.Real ? (long)value.Real : null,
    };

    /// <summary>An integer with Go's prefixes: 0x, 0o, 0b, a leading 0 for octal, and underscores between digits.</summary>
    private static BigInteger? ParseInteger(string text)
    {
        bool isNegative = text[0] == '-';
        string body = text[0] is '+' or '-' ? text[1..] : text;
        bool hasUnderscore = body.Contains('_', StringComparison.Ordinal);
        int radix = 10;
        if (body.Length > 1 && body[0] == '0')
        {
            radix = body[1] switch { 'x' or 'X' => 16, 'b' or 'B' => 2, _ => 8 };
            body = body[1] is 'x' or 'X' or 'b' or 'B' or 'o' or 'O' ? body[2..] : body[1..];
        }

        if (hasUnderscore && (body.EndsWith('_') || body.Contains("__", StringComparison.Ordinal) || text[0] == '_'))
        {
            return null;
        }

        BigInteger value = 0;
        string digits = body.Replace("_", "", StringComparison.Ordinal);
        if (digits.Length == 0)
        {
            return null;
        }

        foreach (char c in digits)
        {
            int digit = char.IsAsciiHexDigit(c) ? int.Parse(c.ToString(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) : radix;
            if (digit >= radix)
            {
                return null;
            }

            // What no integer holds is not read on: it would take the square of its length.
            value = value > ulong.MaxValue ? value : (value * radix) + digit;
        }

        return isNegative ? -value : value;
    }

    private static double? ParseFloat(string text)
    {
        if (text.Contains('_', StringComparison.Ordinal) && !HasGoodUnderscores(text))
        {
            return null;
        }

        string plain = text.Replace("_", "", StringComparison.Ordinal);
        if (plain.Contains('x', StringComparison.OrdinalIgnoreCase))
        {
            return ParseHexadecimalFloat(plain);
        }

        return double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : null;
    }

    /// <summary>An underscore stands between two digits, or behind the prefix.</summary>
    private static bool HasGoodUnderscores(string text)
    {
        bool isHexadecimal = text.Contains('x', StringComparison.OrdinalIgnoreCase);
        bool IsDigit(int at) => at >= 0 && at < text.Length && (char.IsAsciiDigit(text[at]) || (isHexadecimal && char.IsAsciiHexDigit(text[at])));
        return Enumerable.Range(0, text.Length).Where(at => text[at] == '_').All(at => IsDigit(at + 1) && (IsDigit(at - 1) || (at > 0 && text[at - 1] is 'x' or 'X')));
    }

    /// <summary>0x1.8p4: hexadecimal digits, a mandatory binary exponent.</summary>
    private static double? ParseHexadecimalFloat(string text)
    {
        bool isNegative = text[0] == '-';
        string body = text[0] is '+' or '-' ? text[3..] : text[2..];
        int p = body.IndexOfAny(['p', 'P']);
        if (p < 0 || !int.TryParse(body[(p + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int exponent))
        {
            return null;
        }

        string mantissa = body[..p];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        int fraction = point < 0 ? 0 : mantissa.Length - point - 1;
        if (!BigInteger.TryParse("0" + mantissa.Replace(".", "", StringComparison.Ordinal), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var digits))
        {
            return null;
        }

        double value = Math.ScaleB((double)digits, exponent - (4 * fraction));
        return isNegative ? -value : value;
    }
}
