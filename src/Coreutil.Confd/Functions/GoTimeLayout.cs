using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Coreutil.Confd.Functions;

/// <summary>Go's layouts, written as the reference time Mon Jan 2 15:04:05 2006; all that is no part of it stands for itself.</summary>
internal static class GoTimeLayout
{
    /// <summary>Longer parts first: January before Jan, 002 and 02 before 2.</summary>
    private static readonly ImmutableArray<string> _parts =
    [
        "January", "Monday", "-07:00:00", "Z07:00:00", "-070000", "Z070000", "-07:00", "Z07:00", "-0700", "Z0700",
        "2006", "-07", "Z07", "Jan", "Mon", "MST", "__2", "002", "_2", "01", "02", "03", "04", "05", "06", "15", "PM", "pm", "1", "2", "3", "4", "5",
    ];

    public static string Format(string layout, DateTime wall, int nanosecond, TimeSpan offset, string zone)
    {
        var text = new StringBuilder();
        for (int at = 0; at < layout.Length;)
        {
            if (FractionAt(layout, at) is { } fraction)
            {
                text.Append(Fraction(layout.Substring(at, fraction), nanosecond));
                at += fraction;
                continue;
            }

            string? part = _parts.FirstOrDefault(candidate => IsAt(layout, at, candidate));
            text.Append(part is null ? layout[at].ToString() : Part(part, wall, offset, zone));
            at += part?.Length ?? 1;
        }

        return text.ToString();
    }

    public static string MonthName(DateTime wall) => wall.ToString("MMMM", CultureInfo.InvariantCulture);

    public static string Offset(TimeSpan offset, string part)
    {
        if (part[0] == 'Z' && offset == TimeSpan.Zero)
        {
            return "Z";
        }

        char sign = offset < TimeSpan.Zero ? '-' : '+';
        var size = offset.Duration();
        string shape = part[1..];
        return FormattableString.Invariant($"{sign}{size.Hours:00}") + shape switch
        {
            "07" => "",
            "0700" => FormattableString.Invariant($"{size.Minutes:00}"),
            "07:00" => FormattableString.Invariant($":{size.Minutes:00}"),
            "070000" => FormattableString.Invariant($"{size.Minutes:00}{size.Seconds:00}"),
            _ => FormattableString.Invariant($":{size.Minutes:00}:{size.Seconds:00}"),
        };
    }

    /// <summary>"Jan" within a longer lower-case word is that word, not a month: January and Janet differ.</summary>
    private static bool IsAt(string layout, int at, string part)
    {
        if (string.CompareOrdinal(layout, at, part, 0, part.Length) != 0)
        {
            return false;
        }

        int end = at + part.Length;
        return part is not ("Jan" or "Mon") || end >= layout.Length || !char.IsAsciiLetterLower(layout[end]);
    }

    /// <summary>A point or comma with only 0s or only 9s, not followed by another digit.</summary>
    private static int? FractionAt(string layout, int at)
    {
        if (layout[at] is not ('.' or ',') || at + 1 >= layout.Length || layout[at + 1] is not ('0' or '9'))
        {
            return null;
        }

        int end = at + 1;
        while (end < layout.Length && layout[end] == layout[at + 1])
        {
            end++;
        }

        return end < layout.Length && char.IsAsciiDigit(layout[end]) ? null : end - at;
    }

    private static string Fraction(string part, int nanosecond)
    {
        string digits = nanosecond.ToString("000000000", CultureInfo.InvariantCulture).PadRight(part.Length - 1, '0')[..(part.Length - 1)];
        if (part[1] == '9')
        {
            digits = digits.TrimEnd('0');
        }

        return digits.Length == 0 ? "" : part[0] + digits;
    }

    private static string Part(string part, DateTime wall, TimeSpan offset, string zone) => part switch
    {
        "2006" => wall.Year.ToString("0000", CultureInfo.InvariantCulture),
        "06" => (wall.Year % 100).ToString("00", CultureInfo.InvariantCulture),
        "January" => MonthName(wall),
        "Jan" => MonthName(wall)[..3],
        "01" => wall.Month.ToString("00", CultureInfo.InvariantCulture),
        "1" => wall.Month.ToString(CultureInfo.InvariantCulture),
        "Monday" => wall.DayOfWeek.ToString(),
        "Mon" => wall.DayOfWeek.ToString()[..3],
        "02" => wall.Day.ToString("00", CultureInfo.InvariantCulture),
        "_2" => wall.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        "2" => wall.Day.ToString(CultureInfo.InvariantCulture),
        "002" => wall.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        "__2" => wall.DayOfYear.ToString(CultureInfo.InvariantCulture).PadLeft(3),
        "15" => wall.Hour.ToString("00", CultureInfo.InvariantCulture),
        "03" => TwelveHours(wall).ToString("00", CultureInfo.InvariantCulture),
        "3" => TwelveHours(wall).ToString(CultureInfo.InvariantCulture),
        "04" => wall.Minute.ToString("00", CultureInfo.InvariantCulture),
        "4" => wall.Minute.ToString(CultureInfo.InvariantCulture),
        "05" => wall.Second.ToString("00", CultureInfo.InvariantCulture),
        "5" => wall.Second.ToString(CultureInfo.InvariantCulture),
        "PM" => wall.Hour >= 12 ? "PM" : "AM",
        "pm" => wall.Hour >= 12 ? "pm" : "am",
        "MST" => zone,
        _ => Offset(offset, part),
    };

    private static int TwelveHours(DateTime wall) => wall.Hour % 12 == 0 ? 12 : wall.Hour % 12;
}
