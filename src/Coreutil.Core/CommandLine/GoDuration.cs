using System.Globalization;

namespace Coreutil.Core.CommandLine;

/// <summary>Go's duration text: <c>1h2m3.5s</c>, <c>500ms</c>, <c>0s</c>.</summary>
public static class GoDuration
{
    private static readonly (string Unit, double Ticks)[] _units =
    [
        ("ns", 0.01), ("us", 10), ("µs", 10), ("ms", TimeSpan.TicksPerMillisecond),
        ("s", TimeSpan.TicksPerSecond), ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour),
    ];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var rest = text.AsSpan();
        bool isNegative = rest is ['-', ..];
        if (rest is ['-' or '+', ..])
        {
            rest = rest[1..];
        }

        if (rest is "0")
        {
            return true;
        }

        double ticks = 0;
        if (rest.IsEmpty)
        {
            return false;
        }

        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double amount))
            {
                return false;
            }

            rest = rest[digits..];
            int letters = rest.IndexOfAny("0123456789.");
            string unit = (letters < 0 ? rest : rest[..letters]).ToString();
            int found = Array.FindIndex(_units, candidate => candidate.Unit == unit);
            if (found < 0)
            {
                return false;
            }

            ticks += amount * _units[found].Ticks;
            rest = rest[unit.Length..];
        }

        duration = TimeSpan.FromTicks((long)Math.Min(ticks, long.MaxValue / 2)) * (isNegative ? -1 : 1);
        return true;
    }

    /// <summary>As Go prints it: the largest unit that is not zero first, fractions only of the last one.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
        {
            return "0s";
        }

        string sign = duration < TimeSpan.Zero ? "-" : "";
        var value = duration.Duration();
        if (value < TimeSpan.FromSeconds(1))
        {
            return sign + (value < TimeSpan.FromMilliseconds(1)
                ? FormattableString.Invariant($"{value.TotalMicroseconds:0.###}µs")
                : FormattableString.Invariant($"{value.TotalMilliseconds:0.####}ms"));
        }

        string seconds = FormattableString.Invariant($"{value.Ticks % TimeSpan.TicksPerMinute / (double)TimeSpan.TicksPerSecond:0.#######}s");
        long hours = (long)value.TotalHours;
        return sign + (hours > 0 ? $"{hours}h{value.Minutes}m{seconds}" : value.TotalMinutes >= 1 ? $"{value.Minutes}m{seconds}" : seconds);
    }
}
