using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Coreutil.Confd.Templates;

/// <summary>One operand under one verb. Slices, maps and structs are printed element by element under the same verb and flags.</summary>
internal static class ValueFormat
{
    public static void Append(StringBuilder text, FormatFlags flags, object? operand, char verb) => Append(text, flags, operand, verb, depth: 0);

    private static void Append(StringBuilder text, FormatFlags flags, object? operand, char verb, int depth)
    {
        if (verb == 'T')
        {
            Pad(text, flags, operand is null ? "<nil>" : Cut(GoTypes.NameOf(operand), flags));
            return;
        }

        switch (operand)
        {
            // An element that is nil stands in its interface, which has no use for the verb.
            case null when depth > 0:
                text.Append(flags.SharpV ? "interface {}(nil)" : "<nil>");
                break;
            case null when verb == 'v':
                Pad(text, flags, "<nil>");
                break;
            case bool flag when verb is 't' or 'v':
                Pad(text, flags, flag ? "true" : "false");
                break;
            case long number:
                AppendInteger(text, flags, number, verb, operand);
                break;
            case byte number:
                AppendInteger(text, flags, number, flags.SharpV && verb == 'v' ? 'x' : verb, operand);
                break;
            case double number:
                AppendFloat(text, flags, number, verb, operand);
                break;
            case Complex number:
                AppendComplex(text, flags, number, verb, operand);
                break;
            case string value:
                AppendString(text, flags, value, verb, operand);
                break;
            // Only an error could be wrapped.
            case GoSlice or GoMap or GoObject when verb == 'w':
                AppendBadVerb(text, flags, operand, verb);
                break;
            case GoSlice slice:
                AppendSlice(text, flags, slice, verb, depth);
                break;
            case GoMap map:
                AppendMap(text, flags, map, verb, depth);
                break;
            case GoObject { Text: { } own } when verb is 'v' or 's' or 'q' or 'x' or 'X' && !flags.SharpV && !flags.IsBadVerb:
                AppendString(text, flags, own, verb, operand);
                break;
            case GoObject { GoSyntax: { } syntax } when verb == 'v' && flags is { SharpV: true, IsBadVerb: false }:
                Pad(text, flags, Cut(syntax, flags));
                break;
            case GoInteger integer:
                AppendInteger(text, flags, integer.Number, verb, operand);
                break;
            case GoObject structure when structure.Structure.Count > 0:
                AppendStruct(text, flags, structure, verb, depth);
                break;
            default:
                // The mistake itself is not to be made again for what has neither fields nor, now, a text.
                if (flags.IsBadVerb)
                {
                    text.Append("{}");
                    break;
                }

                AppendBadVerb(text, flags, operand, verb);
                break;
        }
    }

    /// <summary>The operand under <c>%v</c> with the flags as they are, and without its own text.</summary>
    private static void AppendBadVerb(StringBuilder text, FormatFlags flags, object? operand, char verb)
    {
        text.Append("%!").Append(GoText.FromUtf16(verb.ToString())).Append('(');
        if (operand is not null)
        {
            text.Append(GoTypes.NameOf(operand)).Append('=');
        }

        Append(text, operand is null ? new FormatFlags() : flags with { IsBadVerb = true }, operand, 'v');
        text.Append(')');
    }

    private static void AppendInteger(StringBuilder text, FormatFlags flags, long number, char verb, object operand)
    {
        switch (verb)
        {
            case 'v' or 'd':
                PadNumber(text, flags, number, Digits(number, 10), "");
                break;
            case 'b':
                PadNumber(text, flags, number, Digits(number, 2), flags.Sharp ? "0b" : "");
                break;
            case 'o' or 'O':
                string octal = Digits(number, 8);
                PadNumber(text, flags, number, octal, verb == 'O' ? "0o" : flags.Sharp && octal[0] != '0' ? "0" : "");
                break;
            case 'x':
                PadNumber(text, flags, number, Digits(number, 16), flags.Sharp || flags.SharpV ? "0x" : "");
                break;
            case 'X':
                PadNumber(text, flags, number, Digits(number, 16).ToUpperInvariant(), flags.Sharp ? "0X" : "");
                break;
            case 'c':
                Pad(text, flags, GoText.FromCodePoint(number));
                break;
            case 'q':
                Pad(text, flags, GoText.QuoteRune(number, flags.Plus));
                break;
            case 'U':
                string code = $"U+{unchecked((ulong)number).ToString("X", CultureInfo.InvariantCulture).PadLeft(Math.Max(4, flags.Precision ?? 0), '0')}";
                string rune = GoText.FromCodePoint(number);
                bool isShown = flags.Sharp && number is >= 0 and <= 0x10ffff && GoText.IsPrintable(GoText.RuneAt(rune, 0, out _));
                Pad(text, flags with { Zero = false }, isShown ? $"{code} '{rune}'" : code);
                break;
            default:
                AppendBadVerb(text, flags, operand, verb);
                break;
        }
    }

    private static string Digits(long number, int radix)
    {
        var rest = (UInt128)(number < 0 ? -(Int128)number : number);
        if (rest == 0)
        {
            return "0";
        }

        var digits = new StringBuilder();
        for (; rest > 0; rest /= (UInt128)radix)
        {
            digits.Insert(0, "0123456789abcdef"[(int)(rest % (UInt128)radix)]);
        }

        return digits.ToString();
    }

    /// <summary>A precision is the least number of digits; without one the zero flag fills the width after the sign.</summary>
    private static void PadNumber(StringBuilder text, FormatFlags flags, long number, string digits, string prefix)
    {
        string sign = number < 0 ? "-" : flags.Plus ? "+" : flags.Space ? " " : "";
        int least = flags.Precision ?? (flags is { Zero: true, Width: { } width } ? width - sign.Length : 0);
        if (flags.Precision == 0 && number == 0)
        {
            Pad(text, flags with { Zero = false }, "");
            return;
        }

        Pad(text, flags with { Zero = false }, sign + prefix + digits.PadLeft(least, '0'));
    }

    private static void AppendFloat(StringBuilder text, FormatFlags flags, double number, char verb, object operand)
    {
        if (FloatText(flags, number, verb) is not { } digits)
        {
            AppendBadVerb(text, flags, operand, verb);
            return;
        }

        bool hasSign = digits[0] is '-' or '+';
        string sign = hasSign && (digits[0] == '-' || flags.Plus) ? digits[..1] : flags.Plus ? "+" : flags.Space ? " "
            : hasSign && double.IsInfinity(number) ? "+" : "";
        string body = Sharp(flags, hasSign ? digits[1..] : digits, number, verb);
        bool fills = flags is { Zero: true, Minus: false, Width: not null } && double.IsFinite(number);
        Pad(text, flags with { Zero = false }, sign + (fills ? body.PadLeft(flags.Width!.Value - sign.Length, '0') : body));
    }

    /// <summary>The sharp flag forces a decimal point and keeps the zeros that <c>%g</c> and <c>%x</c> leave out.</summary>
    private static string Sharp(FormatFlags flags, string body, double number, char verb)
    {
        if (!flags.Sharp || verb == 'b' || !double.IsFinite(number))
        {
            return body;
        }

        int tailAt = body.IndexOfAny(verb is 'x' or 'X' ? ['p', 'P'] : ['e', 'E', 'p', 'P']);
        string tail = tailAt < 0 ? "" : body[tailAt..];
        string head = tailAt < 0 ? body : body[..tailAt];
        int missing = verb is 'v' or 'g' or 'G' or 'x' ? flags.Precision ?? 6 : 0;
        missing -= head.SkipWhile(digit => digit is '0' or '.').Count(digit => digit != '.');
        // A lone zero counts as a digit.
        missing -= head == "0" ? 1 : 0;
        return head + (head.Contains('.', StringComparison.Ordinal) ? "" : ".") + new string('0', Math.Max(0, missing)) + tail;
    }

    private static string? FloatText(FormatFlags flags, double number, char verb) => verb switch
    {
        'v' or 'g' => FloatFormat.Format(number, 'g', flags.Precision ?? -1),
        'G' => FloatFormat.Format(number, 'g', flags.Precision ?? -1).Replace('e', 'E'),
        'e' => FloatFormat.Format(number, 'e', flags.Precision ?? 6),
        'E' => FloatFormat.Format(number, 'e', flags.Precision ?? 6).Replace('e', 'E'),
        'f' or 'F' => FloatFormat.Format(number, 'f', flags.Precision ?? 6),
        'x' => FloatFormat.Format(number, 'x', flags.Precision ?? -1),
        'X' => FloatFormat.Format(number, 'x', flags.Precision ?? -1).ToUpperInvariant(),
        'b' => FloatFormat.Format(number, 'b', -1),
        _ => null,
    };

    private static void AppendComplex(StringBuilder text, FormatFlags flags, Complex number, char verb, object operand)
    {
        if (FloatText(flags, number.Real, verb) is null)
        {
            AppendBadVerb(text, flags, operand, verb);
            return;
        }

        text.Append('(');
        AppendFloat(text, flags, number.Real, verb, operand);
        AppendFloat(text, flags with { Plus = true }, number.Imaginary, verb, operand);
        text.Append("i)");
    }

    private static void AppendString(StringBuilder text, FormatFlags flags, string value, char verb, object operand)
    {
        switch (verb)
        {
            case 'v' when flags.SharpV:
                Pad(text, flags, GoText.Quote(Cut(value, flags)));
                break;
            case 'v' or 's':
                Pad(text, flags, Cut(value, flags));
                break;
            case 'q':
                string cut = Cut(value, flags);
                Pad(text, flags, flags.Sharp && GoText.CanBackquote(cut) ? $"`{cut}`" : GoText.Quote(cut, flags.Plus));
                break;
            case 'x' or 'X':
                Pad(text, flags, Hexadecimal(value, flags, verb == 'X'));
                break;
            default:
                AppendBadVerb(text, flags, operand, verb);
                break;
        }
    }

    private static string Cut(string value, FormatFlags flags) =>
        flags.Precision is { } precision ? string.Concat(GoText.Runes(value).Take(precision).Select(part => part.Bytes)) : value;

    private static string Hexadecimal(string value, FormatFlags flags, bool isUpper)
    {
        string prefix = flags.Sharp ? isUpper ? "0X" : "0x" : "";
        string shown = flags.Precision is { } precision && precision < value.Length ? value[..precision] : value;
        var bytes = shown.Select(c => ((int)c).ToString(isUpper ? "X2" : "x2", CultureInfo.InvariantCulture));
        return shown.Length == 0 ? "" : flags.Space ? string.Join(' ', bytes.Select(two => prefix + two)) : prefix + string.Concat(bytes);
    }

    private static void AppendSlice(StringBuilder text, FormatFlags flags, GoSlice slice, char verb, int depth)
    {
        text.Append(flags.SharpV ? slice.TypeName + "{" : "[");
        for (int i = 0; i < slice.Length; i++)
        {
            text.Append(i == 0 ? "" : flags.SharpV ? ", " : " ");
            AppendElement(text, flags, slice.Elements[i], verb, depth);
        }

        text.Append(flags.SharpV ? '}' : ']');
    }

    private static void AppendMap(StringBuilder text, FormatFlags flags, GoMap map, char verb, int depth)
    {
        text.Append(flags.SharpV ? GoTypes.Map + "{" : "map[");
        bool isFirst = true;
        foreach (var (key, value) in map.Entries)
        {
            text.Append(isFirst ? "" : flags.SharpV ? ", " : " ");
            isFirst = false;
            AppendString(text, flags, key, verb, key);
            text.Append(':');
            AppendElement(text, flags, value, verb, depth);
        }

        text.Append(flags.SharpV ? '}' : ']');
    }

    private static void AppendStruct(StringBuilder text, FormatFlags flags, GoObject structure, char verb, int depth)
    {
        bool isPointer = structure.TypeName.StartsWith('*');
        text.Append(isPointer ? "&" : "").Append(flags.SharpV ? structure.TypeName.TrimStart('*') : "").Append('{');
        bool isFirst = true;
        foreach (var (name, value) in structure.Structure)
        {
            text.Append(isFirst ? "" : flags.SharpV ? ", " : " ").Append(flags.PlusV || flags.SharpV ? name + ":" : "");
            isFirst = false;
            AppendElement(text, flags, value, verb, depth);
        }

        text.Append('}');
    }

    private static void AppendElement(StringBuilder text, FormatFlags flags, object? element, char verb, int depth)
    {
        // What stands in a list twice is printed twice, and so on for what that stands in.
        Limits.CheckText(text.Length);
        // Data may be nested deeper than the stack is; the rest of it is of no use to anybody.
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            text.Append("...");
            return;
        }

        Append(text, flags, element, verb, depth + 1);
    }

    /// <summary>Widths count runes; the zero flag fills texts with zeros too.</summary>
    private static void Pad(StringBuilder text, FormatFlags flags, string body)
    {
        int missing = Math.Max(0, (flags.Width ?? 0) - GoText.RuneCount(body));
        if (flags.Minus)
        {
            text.Append(body).Append(' ', missing);
        }
        else
        {
            text.Append(flags.Zero ? '0' : ' ', missing).Append(body);
        }
    }
}
