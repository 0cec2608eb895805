using System.Globalization;

namespace Coreutil.Units.Files;

/// <summary>Time spans of unit files (systemd.time(7)): <c>5</c>, <c>3m</c>, <c>1min 30s</c>, <c>infinity</c>.</summary>
public static class TimeSpanText
{
    /// <summary>False when the text is no time span; a null <paramref name="span"/> is infinity.</summary>
    public static bool TryParse(string text, out TimeSpan? span)
    {
        span = null;
        var rest = text.AsSpan().Trim();
        if (rest is "infinity")
        {
            return true;
        }

        if (rest.IsEmpty)
        {
            return false;
        }

        double seconds = 0;
        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExcept("0123456789.");
            var number = digits < 0 ? rest : rest[..digits];
            if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double amount))
            {
                return false;
            }

            rest = rest[number.Length..].TrimStart();
            int letters = rest.IndexOfAny("0123456789. \t");
            var unit = letters < 0 ? rest : rest[..letters];
            if (SecondsOf(unit) is not { } factor)
            {
                return false;
            }

            seconds += amount * factor;
            rest = rest[unit.Length..].TrimStart();
        }

        span = TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.MaxValue.TotalSeconds / 2));
        return true;
    }

    private static double? SecondsOf(ReadOnlySpan<char> unit) => unit switch
    {
        "us" or "usec" or "µs" => 1e-6,
        "ms" or "msec" => 1e-3,
        "" or "s" or "sec" or "second" or "seconds" => 1,
        "m" or "min" or "minute" or "minutes" => 60,
        "h" or "hr" or "hour" or "hours" => 3600,
        "d" or "day" or "days" => 86_400,
        "w" or "week" or "weeks" => 604_800,
        "M" or "month" or "months" => 2_629_800,
        "y" or "year" or "years" => 31_557_600,
        _ => null,
    };
}
