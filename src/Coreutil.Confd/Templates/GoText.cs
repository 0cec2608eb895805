using System.Globalization;
using System.Text;

namespace Coreutil.Confd.Templates;

/// <summary>
/// Go strings are bytes: length, index, slice, order and error columns count bytes, and invalid UTF-8 passes through. So inside the engine
/// a string holds one byte in each char (Latin-1), and only what Go does by runes decodes UTF-8 here.
/// </summary>
internal static class GoText
{
    public const int EndOfText = -1;

    public static string FromUtf16(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    public static string ToUtf16(string text) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(text));

    public static string FromBytes(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public static byte[] ToBytes(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>The rune at <paramref name="at"/> and its width in bytes; an invalid byte is U+FFFD of width 1.</summary>
    public static Rune RuneAt(string text, int at, out int width)
    {
        Span<byte> bytes = stackalloc byte[4];
        int count = Math.Min(4, text.Length - at);
        for (int i = 0; i < count; i++)
        {
            bytes[i] = (byte)text[at + i];
        }

        if (Rune.DecodeFromUtf8(bytes[..count], out var rune, out width) != System.Buffers.OperationStatus.Done)
        {
            width = 1;
        }

        return rune;
    }

    /// <summary>Each rune with the bytes it was read from.</summary>
    public static IEnumerable<(Rune Rune, string Bytes)> Runes(string text)
    {
        for (int at = 0; at < text.Length;)
        {
            var rune = RuneAt(text, at, out int width);
            yield return (rune, text.Substring(at, width));
            at += width;
        }
    }

    public static int RuneCount(string text) => Runes(text).Count();

    public static string FromRune(Rune rune) => FromUtf16(rune.ToString());

    /// <summary>As Go converts a number to a rune: what is no code point becomes U+FFFD.</summary>
    public static string FromCodePoint(long value) =>
        FromRune(value is >= 0 and <= 0x10ffff && Rune.IsValid((int)value) ? new Rune((int)value) : Rune.ReplacementChar);

    /// <summary>Go's <c>unicode.IsPrint</c>.</summary>
    public static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);

    /// <summary><c>%#U</c>: <c>U+002D '-'</c>.</summary>
    public static string Describe(Rune rune) => IsPrintable(rune) ? $"U+{rune.Value:X4} '{FromRune(rune)}'" : $"U+{rune.Value:X4}";

    /// <summary>Go's <c>%q</c>; bytes that are no UTF-8 are written <c>\xff</c>.</summary>
    public static string Quote(string text, bool isAscii = false) => QuoteWith(text, '"', isAscii);

    public static string QuoteRune(long value, bool isAscii = false) => QuoteWith(FromCodePoint(value), '\'', isAscii);

    /// <summary><c>%#q</c> uses back quotes where the text allows them: no back quote, no control character but the tab.</summary>
    public static bool CanBackquote(string text) =>
        Runes(text).All(part => (part.Rune != Rune.ReplacementChar || part.Bytes.Length > 1)
            && part.Rune.Value is not ('`' or 0x7f or 0xfeff) && (part.Rune.Value >= 0x20 || part.Rune.Value == '\t'));

    private static string QuoteWith(string text, char quote, bool isAscii)
    {
        var quoted = new StringBuilder(text.Length + 2).Append(quote);
        foreach (var (rune, bytes) in Runes(text))
        {
            if (rune == Rune.ReplacementChar && bytes.Length == 1)
            {
                quoted.Append(CultureInfo.InvariantCulture, $"\\x{(int)bytes[0]:x2}");
                continue;
            }

            quoted.Append(rune.Value switch
            {
                int self when self == quote => $"\\{quote}",
                '\\' => "\\\\",
                '\a' => "\\a",
                '\b' => "\\b",
                '\f' => "\\f",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\v' => "\\v",
                < 0x20 or 0x7f => $"\\x{rune.Value:x2}",
                _ when IsPrintable(rune) && (!isAscii || rune.IsAscii) => bytes,
                < 0x10000 => $"\\u{rune.Value:x4}",
                _ => $"\\U{rune.Value:x8}",
            });
        }

        return quoted.Append(quote).ToString();
    }
}
