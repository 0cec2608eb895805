using System.Text;

namespace Coreutil.Confd.Templates;

/// <summary>Reads Go's quoted literals: "interpreted", `raw` and 'c'. Null where Go says «invalid syntax».</summary>
internal static class GoUnquote
{
    public static string? Text(string literal)
    {
        string inner = literal[1..^1];
        if (literal[0] == '`')
        {
            // Carriage returns are dropped from raw strings.
            return inner.Replace("\r", "", StringComparison.Ordinal);
        }

        var text = new StringBuilder(inner.Length);
        for (int at = 0; at < inner.Length;)
        {
            if (inner[at] != '\\')
            {
                text.Append(inner[at++]);
                continue;
            }

            if (Escape(inner, ref at, '"') is not { } value)
            {
                return null;
            }

            text.Append(value.IsByte ? ((char)value.Code).ToString() : GoText.FromCodePoint(value.Code));
        }

        return text.ToString();
    }

    /// <summary>The code of the first character of a character constant, and where it ends.</summary>
    public static (int Code, int End)? Character(string literal)
    {
        if (literal.Length < 3 || literal[1] == '\'')
        {
            return null;
        }

        int at = 1;
        if (literal[1] != '\\')
        {
            var rune = GoText.RuneAt(literal, 1, out int width);
            return (rune.Value, 1 + width);
        }

        return Escape(literal, ref at, '\'') is { } value ? (value.Code, at) : null;
    }

    private static (int Code, bool IsByte)? Escape(string text, ref int at, char quote)
    {
        if (at + 1 >= text.Length)
        {
            return null;
        }

        char letter = text[at + 1];
        at += 2;
        switch (letter)
        {
            case 'a': return ('\a', false);
            case 'b': return ('\b', false);
            case 'f': return ('\f', false);
            case 'n': return ('\n', false);
            case 'r': return ('\r', false);
            case 't': return ('\t', false);
            case 'v': return ('\v', false);
            case '\\': return ('\\', false);
            case '\'' or '"' when letter == quote: return (letter, false);
            case 'x': return Digits(text, ref at, 2, 16) is { } hex ? (hex, true) : null;
            case 'u' or 'U':
                return Digits(text, ref at, letter == 'u' ? 4 : 8, 16) is { } code && Rune.IsValid(code) ? (code, false) : null;
            case >= '0' and <= '7':
                at--;
                return Digits(text, ref at, 3, 8) is { } octal and <= 255 ? (octal, true) : null;
            default: return null;
        }
    }

    private static int? Digits(string text, ref int at, int count, int radix)
    {
        if (at + count > text.Length)
        {
            return null;
        }

        int value = 0;
        for (int end = at + count; at < end; at++)
        {
            int digit = char.IsAsciiHexDigit(text[at]) ? Convert.ToInt32(text[at].ToString(), 16) : radix;
            if (digit >= radix)
            {
                return null;
            }

            value = (value * radix) + digit;
        }

        return value;
    }
}
