using System.Globalization;

namespace Coreutil.Supervisor.Journal;

/// <summary>One line a unit or its supervisor wrote.</summary>
public readonly record struct JournalLine(DateTimeOffset Time, string Boot, int Priority, int Pid, string Identifier, string Text)
{
    /// <summary>The identifier of what unitd itself says.</summary>
    public const string Own = "unitd";

    /// <summary>The form of <c>journalctl -o short</c>: local time without a year, host, identifier with pid.</summary>
    public string Format(string host) =>
        string.Create(CultureInfo.InvariantCulture, $"{Time.ToLocalTime():MMM dd HH:mm:ss} {host} {Identifier}[{Pid}]: {Text}");

    /// <summary>As it is kept: microseconds, boot, priority, pid, identifier and text, separated by tabs.</summary>
    public string Write()
    {
        long microseconds = (Time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        return string.Create(CultureInfo.InvariantCulture, $"{microseconds}\t{Boot}\t{Priority}\t{Pid}\t{Identifier}\t{Text}\n");
    }

    /// <summary>Null for what a crash left of a line.</summary>
    public static JournalLine? Parse(string line)
    {
        string[] fields = line.Split('\t', 6);
        return fields.Length == 6
            && long.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds)
            && int.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out int priority)
            && int.TryParse(fields[3], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            ? new(DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds), fields[1], priority, pid, fields[4], fields[5])
            : null;
    }
}

/// <summary>Which lines are wanted: <c>-p</c> and <c>-b</c> of journalctl.</summary>
/// <param name="Highest">The most urgent priority, by its number.</param>
/// <param name="Lowest">The least urgent one.</param>
/// <param name="Boot">Only of this boot; null: of all.</param>
public readonly record struct JournalFilter(int Highest, int Lowest, string? Boot)
{
    public static JournalFilter Everything { get; } = new(Priorities.Emergency, Priorities.Debug, null);

    public bool Wants(JournalLine line) => line.Priority >= Highest && line.Priority <= Lowest && (Boot is null || Boot == line.Boot);
}
