using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Coreutil.Confd.Templates;
using static Coreutil.Confd.Functions.FunctionSet;

namespace Coreutil.Confd.Functions;

/// <summary>Texts and paths (confd.md §6).</summary>
internal static class TextFunctions
{
    public static ImmutableArray<TemplateFunction> All { get; } =
    [
        Define("base", [GoTypes.String], values => SlashPath.Base(Text(values[0]))),
        Define("dir", [GoTypes.String], values => SlashPath.Directory(Text(values[0]))),
        Define("split", [GoTypes.String, GoTypes.String], values => Split(Text(values[0]), Text(values[1]))),
        Define("join", [GoTypes.StringSlice, GoTypes.String], values => Join((GoSlice)values[0].Data!, Text(values[1]))),
        Define("toUpper", [GoTypes.String], values => MapRunes(Text(values[0]), Rune.ToUpperInvariant)),
        Define("toLower", [GoTypes.String], values => MapRunes(Text(values[0]), ToLower)),
        Define("contains", [GoTypes.String, GoTypes.String], values => Text(values[0]).Contains(Text(values[1]), StringComparison.Ordinal)),
        Define("replace", [GoTypes.String, GoTypes.String, GoTypes.String, GoTypes.Int], values =>
            Replace(Text(values[0]), Text(values[1]), Text(values[2]), (long)values[3].Data!)),
        Define("trimSuffix", [GoTypes.String, GoTypes.String], values => TrimSuffix(Text(values[0]), Text(values[1]))),
        Define("base64Encode", [GoTypes.String], values => Convert.ToBase64String(GoText.ToBytes(Text(values[0])))),
        Define("base64Decode", [GoTypes.String], values => DecodeBase64(Text(values[0]))),
        Define("json", [GoTypes.String], values => GoJson.ParseObject(Text(values[0]))),
        Define("jsonArray", [GoTypes.String], values => GoJson.ParseArray(Text(values[0]))),
    ];

    /// <summary>An empty separator cuts after each character.</summary>
    private static GoSlice Split(string text, string separator)
    {
        string[] parts = separator.Length == 0
            ? [.. GoText.Runes(text).Select(part => part.Bytes).Take(Limits.LongestList + 1)]
            : text.Split(separator, Limits.LongestList + 1);
        Limits.CheckList(parts.Length, "split");
        return GoSlice.OfStrings(parts);
    }

    private static string Join(GoSlice parts, string separator)
    {
        Limits.CheckText(((long)separator.Length * parts.Length) + parts.Elements.ToArray().Sum(part => (long)((string)part!).Length));
        return string.Join(separator, parts.Elements.ToArray());
    }

    private static string MapRunes(string text, Func<Rune, Rune> map) => string.Concat(GoText.Runes(text).Select(part => GoText.FromRune(map(part.Rune))));

    /// <summary>The simple mapping of Unicode: the dotted capital I loses its dot, which the invariant culture leaves alone.</summary>
    private static Rune ToLower(Rune rune) => rune.Value == 'İ' ? new Rune('i') : Rune.ToLowerInvariant(rune);

    /// <summary>A negative count replaces all; an empty text is found before each character and at the end.</summary>
    private static string Replace(string text, string old, string replacement, long count)
    {
        var replaced = new StringBuilder();
        int at = 0;
        for (long done = 0; count < 0 || done < count; done++)
        {
            int start = at;
            if (old.Length == 0)
            {
                if (done > 0)
                {
                    if (at >= text.Length)
                    {
                        break;
                    }

                    GoText.RuneAt(text, at, out int width);
                    start = at + width;
                }
            }
            else
            {
                start = text.IndexOf(old, at, StringComparison.Ordinal);
            }

            if (start < 0)
            {
                break;
            }

            replaced.Append(text, at, start - at).Append(replacement);
            Limits.CheckText(replaced.Length);
            at = start + old.Length;
        }

        return replaced.Append(text, at, text.Length - at).ToString();
    }

    private static string TrimSuffix(string text, string suffix) =>
        suffix.Length > 0 && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text;

    /// <summary>Standard alphabet with padding; line ends are passed over. The error names the offset Go names.</summary>
    private static string DecodeBase64(string text)
    {
        var decoded = new StringBuilder();
        var quantum = new List<int>(4);
        int quantumStart = 0;
        for (int at = 0; at < text.Length; at++)
        {
            char c = text[at];
            if (c is '\r' or '\n')
            {
                continue;
            }

            if (c == '=')
            {
                int end = ClosePadding(text, at, quantum.Count);
                AppendQuantum(decoded, quantum);
                if (text.AsSpan(end).IndexOfAnyExcept('\r', '\n') is >= 0 and var garbage)
                {
                    throw Illegal(end + garbage);
                }

                return decoded.ToString();
            }

            int sextet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".IndexOf(c, StringComparison.Ordinal);
            if (sextet < 0)
            {
                throw Illegal(at);
            }

            quantumStart = quantum.Count == 0 ? at : quantumStart;
            quantum.Add(sextet);
            if (quantum.Count == 4)
            {
                AppendQuantum(decoded, quantum);
                quantum.Clear();
            }
        }

        return quantum.Count == 0 ? decoded.ToString() : throw Illegal(quantumStart);
    }

    private static int ClosePadding(string text, int at, int digits)
    {
        if (digits < 2)
        {
            throw Illegal(at);
        }

        int next = at + 1;
        if (digits == 2)
        {
            while (next < text.Length && text[next] is '\r' or '\n')
            {
                next++;
            }

            if (next >= text.Length || text[next] != '=')
            {
                throw Illegal(next >= text.Length ? text.Length : next - 1);
            }

            next++;
        }

        return next;
    }

    private static void AppendQuantum(StringBuilder decoded, List<int> quantum)
    {
        int bits = quantum.Aggregate(0, (all, sextet) => (all << 6) | sextet) << (6 * (4 - quantum.Count));
        for (int i = 0; i < quantum.Count - 1; i++)
        {
            decoded.Append((char)((bits >> (16 - (8 * i))) & 0xff));
        }
    }

    private static FunctionException Illegal(int at) => new(string.Create(CultureInfo.InvariantCulture, $"illegal base64 data at input byte {at}"));
}
