using System.Collections.Immutable;
using System.Globalization;

namespace Coreutil.Supervisor.Units;

/// <summary>Calendar events (systemd.time(7)): <c>Mon..Fri *-*-* 08:00:00</c>, <c>*:0/15</c>, <c>daily</c>. Local time, or UTC where the text says so.</summary>
public sealed class CalendarSpec
{
    private static readonly string[] _days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

    private static readonly (string Word, string Meaning)[] _words =
    [
        ("minutely", "*-*-* *:*:00"), ("hourly", "*-*-* *:00:00"), ("daily", "*-*-* 00:00:00"), ("weekly", "Mon *-*-* 00:00:00"), ("monthly", "*-*-01 00:00:00"),
        ("quarterly", "*-01,04,07,10-01 00:00:00"), ("semiannually", "*-01,07-01 00:00:00"), ("yearly", "*-01-01 00:00:00"), ("annually", "*-01-01 00:00:00"),
    ];

    private readonly ImmutableHashSet<DayOfWeek> _weekdays;
    private readonly CalendarField _years;
    private readonly CalendarField _months;
    private readonly CalendarField _monthDays;
    private readonly CalendarField _hours;
    private readonly CalendarField _minutes;
    private readonly CalendarField _seconds;
    private readonly bool _isUtc;

    private readonly string _text;

    private CalendarSpec(ImmutableHashSet<DayOfWeek> weekdays, CalendarField[] fields, bool isUtc, string text)
    {
        _text = text;
        (_weekdays, _isUtc) = (weekdays, isUtc);
        (_years, _months, _monthDays, _hours, _minutes, _seconds) = (fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]);
    }

    /// <summary>Null when the text is no calendar event.</summary>
    public static CalendarSpec? TryParse(string text)
    {
        string meaning = _words.FirstOrDefault(word => word.Word == text.Trim()).Meaning ?? text;
        var words = meaning.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        bool isUtc = words is [.., "UTC"];
        if (isUtc)
        {
            words.RemoveAt(words.Count - 1);
        }

        string days = "";
        ImmutableHashSet<DayOfWeek>? weekdays = [];
        if (words.Count > 0 && char.IsAsciiLetter(words[0][0]))
        {
            weekdays = ReadWeekdays(words[0]);
            days = string.Join(',', words[0].Split(',').Select(part => string.Join("..", part.Split("..").Select(day => day[..Math.Min(3, day.Length)])))) + " ";
            words.RemoveAt(0);
        }

        string time = words.FirstOrDefault(word => word.Contains(':', StringComparison.Ordinal)) ?? "00:00:00";
        string date = words.FirstOrDefault(word => !word.Contains(':', StringComparison.Ordinal)) ?? "*-*-*";
        string[] clock = time.Split(':');
        string[] day = date.Split('-');
        if (weekdays is null || words.Count > 2 || clock.Length is not (2 or 3) || day.Length is not (2 or 3))
        {
            return null;
        }

        var fields = ((string Text, int From, int To)[])
        [
            (day.Length == 3 ? day[0] : "*", 1970, 2199), (day[^2], 1, 12), (day[^1], 1, 31), (clock[0], 0, 23), (clock[1], 0, 59), (clock.Length == 3 ? clock[2] : "00", 0, 59),
        ];
        CalendarField[] read = [.. fields.Select(field => CalendarField.TryParse(field.Text, field.From, field.To)).OfType<CalendarField>()];
        string[] padded = [.. fields.Select(field => Pad(field.Text))];
        string canonical = $"{days}{fields[0].Text}-{padded[1]}-{padded[2]} {padded[3]}:{padded[4]}:{padded[5]}{(isUtc ? " UTC" : "")}";
        return read.Length == fields.Length ? new(weekdays, read, isUtc, canonical) : null;
    }

    /// <summary>The whole form: every field, and two digits each.</summary>
    public override string ToString() => _text;

    /// <summary>Numbers get two digits, but for the step behind a slash.</summary>
    private static string Pad(string field) => string.Join(',', field.Split(',').Select(part =>
    {
        string[] step = part.Split('/', 2);
        return string.Join('/', step.Skip(1).Prepend(string.Join("..", step[0].Split("..").Select(number => number == "*" ? number : number.PadLeft(2, '0')))));
    }));

    /// <summary>The first moment after <paramref name="after"/>; null when there is none any more.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        var offset = _isUtc ? TimeSpan.Zero : after.ToLocalTime().Offset;
        var start = after.ToOffset(offset).AddTicks(TimeSpan.TicksPerSecond - (after.Ticks % TimeSpan.TicksPerSecond));
        var day = start.Date;
        for (int i = 0; i < 366 * 40; i++, day = day.AddDays(1))
        {
            if (!_years.Contains(day.Year) || !_months.Contains(day.Month) || !_monthDays.Contains(day.Day) || (_weekdays.Count > 0 && !_weekdays.Contains(day.DayOfWeek)))
            {
                continue;
            }

            if (FirstOf(i == 0 ? start.TimeOfDay : TimeSpan.Zero) is { } time)
            {
                var found = day + time;
                return new DateTimeOffset(found, _isUtc ? TimeSpan.Zero : TimeZoneInfo.Local.GetUtcOffset(found));
            }
        }

        return null;
    }

    private TimeSpan? FirstOf(TimeSpan from)
    {
        foreach (int hour in _hours.From(from.Hours))
        {
            foreach (int minute in _minutes.From(hour == from.Hours ? from.Minutes : 0))
            {
                foreach (int second in _seconds.From(hour == from.Hours && minute == from.Minutes ? from.Seconds : 0))
                {
                    return new TimeSpan(hour, minute, second);
                }
            }
        }

        return null;
    }

    /// <summary><c>Mon..Fri</c>, <c>Sat,Sun</c>, long names too; null for anything else.</summary>
    private static ImmutableHashSet<DayOfWeek>? ReadWeekdays(string text)
    {
        var days = ImmutableHashSet.CreateBuilder<DayOfWeek>();
        foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] range = part.Split("..");
            int first = DayOf(range[0]);
            int last = DayOf(range[^1]);
            if (range.Length > 2 || first < 0 || last < 0)
            {
                return null;
            }

            for (int day = first; ; day = (day + 1) % 7)
            {
                days.Add((DayOfWeek)day);
                if (day == last)
                {
                    break;
                }
            }
        }

        return days.ToImmutable();
    }

    private static int DayOf(string word) => word.Length < 3 ? -1 : Array.FindIndex(
        _days, day => word.StartsWith(day, StringComparison.OrdinalIgnoreCase)
            && ((DayOfWeek)Array.IndexOf(_days, day)).ToString().StartsWith(word, StringComparison.OrdinalIgnoreCase));
}

/// <summary>One field: <c>*</c>, numbers, ranges <c>1..5</c> and repetitions <c>0/15</c>, separated by commas.</summary>
internal sealed class CalendarField
{
    private readonly SortedSet<int> _values;

    private CalendarField(SortedSet<int> values) => _values = values;

    public bool Contains(int value) => _values.Contains(value);

    public IEnumerable<int> From(int value) => _values.Where(next => next >= value);

    public static CalendarField? TryParse(string text, int from, int to)
    {
        var values = new SortedSet<int>();
        foreach (string part in text.Split(','))
        {
            string[] repetition = part.Split('/');
            string[] range = repetition[0].Split("..");
            int step = 1;
            int first = from;
            int last = to;
            bool isRead = repetition.Length <= 2 && range.Length <= 2
                && (repetition.Length == 1 || (TryNumber(repetition[1], out step) && step > 0))
                && (range[0] == "*" || TryNumber(range[0], out first))
                && (range.Length == 1 || TryNumber(range[1], out last));
            if (!isRead || first < from || last > to || first > last)
            {
                return null;
            }

            last = range.Length == 1 && range[0] != "*" && repetition.Length == 1 ? first : last;
            for (int value = first; value <= last; value += step)
            {
                values.Add(value);
            }
        }

        return new(values);
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
