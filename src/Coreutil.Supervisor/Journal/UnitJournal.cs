using System.Globalization;
using System.Text;

namespace Coreutil.Supervisor.Journal;

/// <summary>One line a unit or its supervisor wrote.</summary>
public readonly record struct JournalLine(DateTimeOffset Time, string Identifier, int Pid, string Text)
{
    /// <summary>The form of <c>journalctl -o short</c>: local time without a year, host, identifier with pid.</summary>
    public string Format(string host) =>
        string.Create(CultureInfo.InvariantCulture, $"{Time.ToLocalTime():MMM dd HH:mm:ss} {host} {Identifier}[{Pid}]: {Text}");
}

/// <summary>
/// What one unit printed, in two files of bounded size: the older one is dropped when the newer one is full. A line on disk is time in microseconds,
/// pid, identifier and text, separated by tabs.
/// </summary>
public sealed class UnitJournal(string path, long maximumBytes = 4 * 1024 * 1024)
{
    private readonly Lock _gate = new();

    private string OlderPath => path + ".1";

    public void Append(JournalLine line)
    {
        long microseconds = (line.Time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        byte[] bytes = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{microseconds}\t{line.Pid}\t{line.Identifier}\t{line.Text}\n"));
        lock (_gate)
        {
            if (File.Exists(path) && new FileInfo(path).Length + bytes.Length > maximumBytes)
            {
                File.Move(path, OlderPath, overwrite: true);
            }

            using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            file.Write(bytes);
        }
    }

    /// <summary>The last <paramref name="count"/> lines, oldest first.</summary>
    public IReadOnlyList<JournalLine> ReadLast(int count)
    {
        lock (_gate)
        {
            var lines = new Queue<JournalLine>();
            foreach (string text in new[] { OlderPath, path }.Where(File.Exists).SelectMany(File.ReadLines))
            {
                if (Parse(text) is { } line)
                {
                    lines.Enqueue(line);
                    if (lines.Count > count)
                    {
                        lines.Dequeue();
                    }
                }
            }

            return [.. lines];
        }
    }

    public void Delete()
    {
        lock (_gate)
        {
            File.Delete(path);
            File.Delete(OlderPath);
        }
    }

    /// <summary>Null for what a crash left of a line.</summary>
    private static JournalLine? Parse(string text)
    {
        string[] fields = text.Split('\t', 4);
        return fields.Length == 4
            && long.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds)
            && int.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            ? new(DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds), fields[2], pid, fields[3])
            : null;
    }
}
