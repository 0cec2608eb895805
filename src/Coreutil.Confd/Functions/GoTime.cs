using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Coreutil.Confd.Templates;
using static Coreutil.Confd.Functions.FunctionSet;

namespace Coreutil.Confd.Functions;

/// <summary>Go's <c>time.Time</c> with the methods templates call (confd.md §6.2): nanoseconds since the first of January of year 1, UTC.</summary>
internal sealed class GoTime : GoObject
{
    private const string Type = "time.Time";
    private const long NanosecondsPerTick = 100;
    private const long NanosecondsPerSecond = 1_000_000_000;
    private static readonly long _unixEpochSeconds = DateTime.UnixEpoch.Ticks / TimeSpan.TicksPerSecond;

    private readonly Int128 _nanoseconds;
    private readonly TimeSpan _offset;
    private readonly string _zone;
    private readonly string _location;

    private GoTime(Int128 nanoseconds, TimeSpan offset, string zone, string location)
    {
        _nanoseconds = nanoseconds;
        _offset = offset;
        _zone = zone;
        _location = location;
    }

    public override string TypeName => Type;

    public override string Text => Format("2006-01-02 15:04:05.999999999 -0700 MST");

    /// <summary>Nanoseconds, seconds and the place, which is nothing for UTC: what a verb for numbers prints.</summary>
    public override IReadOnlyList<(string Name, object? Value)> Structure =>
        [("wall", Nanosecond), ("ext", (long)(_nanoseconds / NanosecondsPerSecond)), ("loc", 0L)];

    public override string GoSyntax => FormattableString.Invariant(
        $"time.Date({Wall.Year}, time.{GoTimeLayout.MonthName(Wall)}, {Wall.Day}, {Wall.Hour}, {Wall.Minute}, {Wall.Second}, {Nanosecond}, time.{_location})");

    private DateTime Wall => new DateTime((long)(_nanoseconds / NanosecondsPerTick)).Add(_offset);

    private long Nanosecond => (long)(_nanoseconds % NanosecondsPerSecond);

    private long UnixSeconds => (long)(_nanoseconds / NanosecondsPerSecond) - _unixEpochSeconds;

    public static GoTime At(DateTimeOffset now, TimeZoneInfo zone) =>
        new((Int128)now.UtcTicks * NanosecondsPerTick, now.Offset, ZoneName(now, zone), "Local");

    public override bool TryGetMethod(string name, [NotNullWhen(true)] out TemplateFunction? method)
    {
        method = name switch
        {
            "Format" => Method(name, [GoTypes.String], values => Format(FunctionSet.Text(values[0]))),
            "String" => Method(name, [], _ => Text),
            "GoString" => Method(name, [], _ => GoSyntax),
            "Unix" => Method(name, [], _ => UnixSeconds),
            "UnixNano" => Method(name, [], _ => unchecked((long)(_nanoseconds - ((Int128)_unixEpochSeconds * NanosecondsPerSecond)))),
            "Year" => Method(name, [], _ => (long)Wall.Year),
            "Month" => Method(name, [], _ => new GoInteger("time.Month", Wall.Month, GoTimeLayout.MonthName(Wall))),
            "Day" => Method(name, [], _ => (long)Wall.Day),
            "Weekday" => Method(name, [], _ => new GoInteger("time.Weekday", (long)Wall.DayOfWeek, Wall.DayOfWeek.ToString())),
            "YearDay" => Method(name, [], _ => (long)Wall.DayOfYear),
            "Hour" => Method(name, [], _ => (long)Wall.Hour),
            "Minute" => Method(name, [], _ => (long)Wall.Minute),
            "Second" => Method(name, [], _ => (long)Wall.Second),
            "Nanosecond" => Method(name, [], _ => Nanosecond),
            "UTC" => Method(name, [], _ => new GoTime(_nanoseconds, TimeSpan.Zero, "UTC", "UTC")),
            "Local" => Method(name, [], _ => this),
            "Location" => Method(name, [], _ => _location),
            "Add" => Method(name, [GoTypes.Duration], values => With(_nanoseconds + Number(values[0]))),
            "AddDate" => Method(name, [GoTypes.Int, GoTypes.Int, GoTypes.Int], values => AddDate(Number(values[0]), Number(values[1]), Number(values[2]))),
            "Truncate" => Method(name, [GoTypes.Duration], values => Truncate(Number(values[0]))),
            "Round" => Method(name, [GoTypes.Duration], values => Round(Number(values[0]))),
            "UnixMilli" => Method(name, [], _ => UnixUnits(1_000_000)),
            "UnixMicro" => Method(name, [], _ => UnixUnits(1_000)),
            "IsZero" => Method(name, [], _ => _nanoseconds == 0),
            "Before" => Method(name, [Type], values => _nanoseconds < Other(values)._nanoseconds),
            "After" => Method(name, [Type], values => _nanoseconds > Other(values)._nanoseconds),
            "Equal" => Method(name, [Type], values => _nanoseconds == Other(values)._nanoseconds),
            "Sub" => Method(name, [Type], values => Duration((long)(_nanoseconds - Other(values)._nanoseconds))),
            _ => null,
        };
        return method is not null;
    }

    private static TemplateFunction Method(string name, ImmutableArray<string> parameters, Func<Value[], object> body) => Define(name, parameters, body);

    private static long Number(Value value) => value.Data is GoInteger named ? named.Number : (long)value.Data!;

    private static GoTime Other(Value[] values) => (GoTime)values[0].Data!;

    private static GoInteger Duration(long nanoseconds) =>
        new(GoTypes.Duration, nanoseconds, GoText.FromUtf16(Core.CommandLine.GoDuration.Format(TimeSpan.FromTicks(nanoseconds / NanosecondsPerTick))));

    private static string ZoneName(DateTimeOffset now, TimeZoneInfo zone)
    {
        string name = zone.IsDaylightSavingTime(now) ? zone.DaylightName : zone.StandardName;
        // Go shows an abbreviation, or the offset where the zone has none.
        return now.Offset == TimeSpan.Zero ? "UTC" : name.Length is > 0 and <= 5 ? name : GoTimeLayout.Offset(now.Offset, "-0700");
    }

    private GoTime With(Int128 nanoseconds) => new(nanoseconds, _offset, _zone, _location);

    /// <summary>Down to a multiple of the duration since the zero time, not since the epoch.</summary>
    private GoTime Truncate(long duration) => duration <= 0 ? this : With(_nanoseconds - (_nanoseconds % duration));

    /// <summary>To the nearest multiple, half of it up.</summary>
    private GoTime Round(long duration)
    {
        var rest = duration <= 0 ? 0 : _nanoseconds % duration;
        return With(rest + rest < duration || duration <= 0 ? _nanoseconds - rest : _nanoseconds + duration - rest);
    }

    /// <summary>Since 1970, in units of so many nanoseconds; before 1970 downwards.</summary>
    private long UnixUnits(long unit)
    {
        var since = _nanoseconds - ((Int128)_unixEpochSeconds * NanosecondsPerSecond);
        return (long)((since / unit) - (since % unit < 0 ? 1 : 0));
    }

    /// <summary>Months and days that do not exist roll over: the 31st of April is the 1st of May.</summary>
    private GoTime AddDate(long years, long months, long days)
    {
        var wall = Wall;
        long month = wall.Month - 1 + months;
        long year = wall.Year + years + (long)Math.Floor(month / 12.0);
        try
        {
            var moved = new DateTime((int)year, (int)(((month % 12) + 12) % 12) + 1, 1).AddDays(wall.Day - 1 + days);
            return With(_nanoseconds + ((Int128)(moved - wall.Date).Ticks * NanosecondsPerTick));
        }
        catch (ArgumentOutOfRangeException outside)
        {
            throw new FunctionException("year outside of range [1,9999]", outside);
        }
    }

    private string Format(string layout) => GoTimeLayout.Format(layout, Wall, (int)Nanosecond, _offset, _zone);
}
