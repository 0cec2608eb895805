using System.Globalization;
using System.Text;

namespace Coreutil.Confd.Templates;

/// <summary>Go's fmt: Sprint, Sprintln and Sprintf for the values of templates (confd.md §7.7, §7.8). A mistake is printed, never thrown.</summary>
internal static class GoFormat
{
    /// <summary>A space only between two operands that are both no strings.</summary>
    public static string Sprint(params ReadOnlySpan<object?> operands)
    {
        var text = new StringBuilder();
        for (int i = 0; i < operands.Length; i++)
        {
            if (i > 0 && operands[i] is not string && operands[i - 1] is not string)
            {
                text.Append(' ');
            }

            ValueFormat.Append(text, new FormatFlags(), operands[i], 'v');
        }

        return text.ToString();
    }

    public static string Sprintln(ReadOnlySpan<object?> operands)
    {
        var text = new StringBuilder();
        for (int i = 0; i < operands.Length; i++)
        {
            text.Append(i > 0 ? " " : "");
            ValueFormat.Append(text, new FormatFlags(), operands[i], 'v');
        }

        return text.Append('\n').ToString();
    }

    public static string Sprintf(string format, ReadOnlySpan<object?> operands)
    {
        var text = new StringBuilder();
        int argument = 0;
        bool isReordered = false;
        for (int at = 0; at < format.Length;)
        {
            if (format[at] != '%')
            {
                text.Append(format[at++]);
                continue;
            }

            at++;
            AppendDirective(text, format, ref at, operands, ref argument, ref isReordered);
            Limits.CheckText(text.Length);
        }

        if (!isReordered && argument < operands.Length)
        {
            text.Append("%!(EXTRA ");
            for (int i = argument; i < operands.Length; i++)
            {
                text.Append(i > argument ? ", " : "");
                if (operands[i] is null)
                {
                    text.Append("<nil>");
                    continue;
                }

                text.Append(GoTypes.NameOf(operands[i])).Append('=');
                ValueFormat.Append(text, new FormatFlags(), operands[i], 'v');
            }

            text.Append(')');
        }

        return text.ToString();
    }

    private static void AppendDirective(
        StringBuilder text, string format, ref int at, ReadOnlySpan<object?> operands, ref int argument, ref bool isReordered)
    {
        var flags = ReadFlags(format, ref at);
        bool isGoodIndex = true;
        bool afterIndex = ReadIndex(format, ref at, operands.Length, ref argument, ref isGoodIndex, ref isReordered);
        if (at < format.Length && format[at] == '*')
        {
            at++;
            if (Integer(operands, ref argument) is not { } width)
            {
                text.Append("%!(BADWIDTH)");
            }
            else
            {
                flags = flags with { Width = Math.Abs(width), Minus = flags.Minus || width < 0, Zero = flags.Zero && width >= 0 };
            }

            afterIndex = false;
        }
        else if (ReadNumber(format, ref at) is { } width)
        {
            flags = flags with { Width = width };
            isGoodIndex &= !afterIndex;
        }

        if (at + 1 < format.Length && format[at] == '.')
        {
            at++;
            isGoodIndex &= !afterIndex;
            afterIndex = ReadIndex(format, ref at, operands.Length, ref argument, ref isGoodIndex, ref isReordered);
            if (at < format.Length && format[at] == '*')
            {
                at++;
                int? precision = Integer(operands, ref argument);
                flags = flags with { Precision = precision is >= 0 ? precision : null };
                text.Append(precision is >= 0 ? "" : "%!(BADPREC)");
                afterIndex = false;
            }
            else
            {
                flags = flags with { Precision = ReadNumber(format, ref at) ?? 0 };
            }
        }

        if (!afterIndex)
        {
            ReadIndex(format, ref at, operands.Length, ref argument, ref isGoodIndex, ref isReordered);
        }

        if (at >= format.Length)
        {
            text.Append("%!(NOVERB)");
            return;
        }

        var rune = GoText.RuneAt(format, at, out int size);
        string verb = format.Substring(at, size);
        at += size;
        if (verb == "%")
        {
            text.Append('%');
        }
        else if (!isGoodIndex)
        {
            text.Append(CultureInfo.InvariantCulture, $"%!{verb}(BADINDEX)");
        }
        else if (argument >= operands.Length)
        {
            text.Append(CultureInfo.InvariantCulture, $"%!{verb}(MISSING)");
        }
        else
        {
            // With %v the sharp and plus flags mean Go syntax and field names.
            flags = verb != "v" ? flags : flags with { Sharp = false, SharpV = flags.Sharp, Plus = false, PlusV = flags.Plus };
            ValueFormat.Append(text, flags, operands[argument++], rune.IsBmp ? (char)rune.Value : '\uffff');
        }
    }

    private static FormatFlags ReadFlags(string format, ref int at)
    {
        var flags = new FormatFlags();
        for (; at < format.Length; at++)
        {
            switch (format[at])
            {
                case '#':
                    flags = flags with { Sharp = true };
                    break;
                case '0':
                    flags = flags with { Zero = !flags.Minus };
                    break;
                case '+':
                    flags = flags with { Plus = true };
                    break;
                case '-':
                    flags = flags with { Minus = true, Zero = false };
                    break;
                case ' ':
                    flags = flags with { Space = true };
                    break;
                default:
                    return flags;
            }
        }

        return flags;
    }

    /// <summary><c>[3]</c> chooses the next operand, counted from 1.</summary>
    private static bool ReadIndex(string format, ref int at, int count, ref int argument, ref bool isGood, ref bool isReordered)
    {
        if (at >= format.Length || format[at] != '[')
        {
            return false;
        }

        isReordered = true;
        int close = format.IndexOf(']', at);
        if (close < 0)
        {
            isGood = false;
            at++;
            return false;
        }

        bool isNumber = int.TryParse(format.AsSpan(at + 1, close - at - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int index);
        at = close + 1;
        if (!isNumber || index < 1 || index > count)
        {
            // Only an index that is a number counts as one.
            isGood = false;
            return isNumber;
        }

        argument = index - 1;
        return true;
    }

    private static int? ReadNumber(string format, ref int at)
    {
        int start = at;
        while (at < format.Length && char.IsAsciiDigit(format[at]))
        {
            at++;
        }

        if (at == start)
        {
            return null;
        }

        if (int.TryParse(format.AsSpan(start, at - start), CultureInfo.InvariantCulture, out int number) && IsSane(number))
        {
            return number;
        }

        // Go reads no further.
        at = format.Length;
        return null;
    }

    private static int? Integer(ReadOnlySpan<object?> operands, ref int argument) =>
        argument >= operands.Length ? null : operands[argument++] switch
        {
            long number when IsSane(number) => (int)number,
            byte number => number,
            GoInteger { Number: var number } when IsSane(number) => (int)number,
            _ => null,
        };

    /// <summary>Go's own bound on widths and precisions.</summary>
    private static bool IsSane(long number) => number is >= -1_000_000 and <= 1_000_000;
}

internal sealed record FormatFlags
{
    public bool Plus { get; init; }

    public bool Minus { get; init; }

    public bool Sharp { get; init; }

    public bool Space { get; init; }

    public bool Zero { get; init; }

    public bool PlusV { get; init; }

    /// <summary>A mistake is being printed: what is no text has none.</summary>
    public bool IsBadVerb { get; init; }

    public bool SharpV { get; init; }

    public int? Width { get; init; }

    public int? Precision { get; init; }
}
