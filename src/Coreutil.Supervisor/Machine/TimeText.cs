using System.Globalization;
using System.Text;

namespace Coreutil.Supervisor.Machine;

/// <summary>Times and spans as systemd writes them.</summary>
internal static class TimeText
{
    private static readonly TimeSpan _month = TimeSpan.FromSeconds(2_629_800);
    private static readonly TimeSpan _year = TimeSpan.FromSeconds(31_557_600);

    private static readonly (TimeSpan Unit, string Name)[] _units =
    [
        (_year, "y"), (_month, "month"), (TimeSpan.FromDays(7), "w"), (TimeSpan.FromDays(1), "d"), (TimeSpan.FromHours(1), "h"), (TimeSpan.FromMinutes(1), "min"),
        (TimeSpan.FromSeconds(1), "s"), (TimeSpan.FromMilliseconds(1), "ms"), (TimeSpan.FromMicroseconds(1), "us"),
    ];

    /// <summary><c>Wed 2026-11-25 10:29:52 UTC</c>, in the machine's zone.</summary>
    public static string Timestamp(DateTimeOffset time)
    {
        var local = time.ToLocalTime();
        string zone = local.Offset == TimeSpan.Zero ? "UTC" : local.ToString("zz", CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{local:ddd yyyy-MM-dd HH:mm:ss} {zone}");
    }

    /// <summary><c>1min 500ms</c>, <c>1.500000s</c>, <c>infinity</c>: below a minute the rest is a fraction, down to the accuracy.</summary>
    public static string Span(TimeSpan? span, TimeSpan accuracy = default)
    {
        if (span is not { } rest)
        {
            return "infinity";
        }

        var text = new StringBuilder();
        foreach (var (unit, name) in _units)
        {
            if (rest <= TimeSpan.Zero || (rest < accuracy && text.Length > 0))
            {
                break;
            }

            if (rest < unit)
            {
                continue;
            }

            long count = rest.Ticks / unit.Ticks;
            text.Append(text.Length > 0 ? " " : "").Append(CultureInfo.InvariantCulture, $"{count}");
            bool isBelowMinute = rest < TimeSpan.FromMinutes(1);
            rest -= unit * count;
            long smallest = Math.Max(accuracy.Ticks, TimeSpan.TicksPerMicrosecond);
            int digits = isBelowMinute && rest > TimeSpan.Zero ? (unit.Ticks / smallest).ToString(CultureInfo.InvariantCulture).Length - 1 : 0;
            if (digits > 0)
            {
                text.Append('.').Append((rest.Ticks / smallest).ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0'));
                rest = TimeSpan.Zero;
            }

            text.Append(name);
        }

        return text.Length == 0 ? "0" : text.ToString();
    }

    /// <summary><c>2min 9s</c>, <c>13h</c>, <c>1 day 3h</c>: the largest one or two units; null where it is now.</summary>
    public static string? Distance(TimeSpan span) => span switch
    {
        _ when span >= _year => Two(span, _year, "year", _month, "month"),
        _ when span >= _month => Two(span, _month, "month", TimeSpan.FromDays(1), "day"),
        { TotalDays: >= 7 } => Two(span, TimeSpan.FromDays(7), "week", TimeSpan.FromDays(1), "day"),
        { TotalDays: >= 2 } => $"{Text(span.Days)} days",
        { TotalHours: >= 25 } => $"1 day {Text(span.Hours)}h",
        { TotalHours: >= 6 } => $"{Text((int)span.TotalHours)}h",
        { TotalHours: >= 1 } => $"{Text(span.Hours)}h {Text(span.Minutes)}min",
        { TotalMinutes: >= 5 } => $"{Text(span.Minutes)}min",
        { TotalMinutes: >= 1 } => $"{Text(span.Minutes)}min {Text(span.Seconds)}s",
        { TotalSeconds: >= 1 } => $"{Text(span.Seconds)}s",
        { TotalMilliseconds: >= 1 } => $"{Text(span.Milliseconds)}ms",
        { Ticks: >= TimeSpan.TicksPerMicrosecond } => $"{Text(span.Microseconds)}us",
        _ => null,
    };

    public static string Ago(TimeSpan span) => Distance(span) is { } distance ? $"{distance} ago" : "now";

    public static string Left(TimeSpan span) => Distance(span) is { } distance ? $"{distance} left" : "now";

    private static string Two(TimeSpan span, TimeSpan large, string largeName, TimeSpan small, string smallName)
    {
        long count = span.Ticks / large.Ticks;
        long rest = span.Ticks % large.Ticks / small.Ticks;
        return string.Create(CultureInfo.InvariantCulture, $"{count} {largeName}{(count == 1 ? "" : "s")} {rest} {smallName}{(rest == 1 ? "" : "s")}");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
