using System.Globalization;

namespace Coreutil.Supervisor.Journal;

/// <summary>The priorities of syslog(3): the smaller, the more urgent.</summary>
public static class Priorities
{
    public const int Emergency = 0;
    public const int Error = 3;
    public const int Warning = 4;
    public const int Notice = 5;
    public const int Information = 6;
    public const int Debug = 7;

    private static readonly string[] _names = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

    /// <summary>A name or a number; null for neither.</summary>
    public static int? Parse(string text) =>
        Array.IndexOf(_names, text) is var named and >= 0 ? named
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= Debug ? number
        : null;

    /// <summary>journalctl's <c>-p</c>: a priority means it and all that is more urgent; <c>a..b</c> a range, in either order.</summary>
    public static (int Highest, int Lowest)? ParseRange(string text)
    {
        string[] ends = text.Split("..", 2);
        return (Parse(ends[0]), Parse(ends[^1])) is ({ } first, { } second)
            ? ends.Length == 1 ? (Emergency, first) : (Math.Min(first, second), Math.Max(first, second))
            : null;
    }

    /// <summary>A line may say its priority itself: <c>&lt;3&gt;text</c> (sd-daemon(3), SyslogLevelPrefix=).</summary>
    public static (int Priority, string Text) TakePrefix(string line, int otherwise) =>
        line.Length >= 3 && line[0] == '<' && line[1] is >= '0' and <= '7' && line[2] == '>' ? (line[1] - '0', line[3..]) : (otherwise, line);
}
