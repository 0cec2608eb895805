using System.Text;

namespace Coreutil.Supervisor.Journal;

/// <summary>A place in a unit's journal: how often it had been rotated, and the position in the newer file.</summary>
public readonly record struct JournalCursor(int Rotations, long Position);

/// <summary>
/// What one unit printed, in two files of bounded size: the older one is dropped when the newer one is full. The last lines are read from the end, and
/// who follows is woken by what is written and reads only that. What cannot be written (a full disk) is lost, and counted.
/// </summary>
public sealed class UnitJournal(string path, long maximumBytes = 4 * 1024 * 1024)
{
    private readonly Lock _gate = new();
    private long _length = -1;
    private int _rotations;
    private int _lost;
    private TaskCompletionSource? _appended;

    private string OlderPath => path + ".1";

    public void Append(JournalLine line)
    {
        lock (_gate)
        {
            try
            {
                string before = _lost == 0 ? "" : (line with
                {
                    Priority = Priorities.Warning,
                    Pid = Environment.ProcessId,
                    Identifier = JournalLine.Own,
                    Text = $"{_lost} lines were lost here: they could not be written.",
                }).Write();
                Write(Encoding.UTF8.GetBytes(before + line.Write()));
                _lost = 0;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                _lost++;
                return;
            }

            _appended?.TrySetResult();
            _appended = null;
        }
    }

    public void Delete()
    {
        lock (_gate)
        {
            File.Delete(path);
            File.Delete(OlderPath);
            _length = 0;
        }
    }

    private void Write(byte[] bytes)
    {
        if (_length < 0)
        {
            _length = LengthOf(path);
        }

        if (_length > 0 && _length + bytes.Length > maximumBytes)
        {
            File.Move(path, OlderPath, overwrite: true);
            (_length, _rotations) = (0, _rotations + 1);
        }

        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        long begin = file.Position;
        try
        {
            file.Write(bytes);
        }
        catch (IOException)
        {
            // What there was room for is no line.
            file.SetLength(begin);
            throw;
        }

        _length = begin + bytes.Length;
    }

    /// <summary>The last <paramref name="count"/> lines that are wanted, oldest first, and where what comes after them will be.</summary>
    public (IReadOnlyList<JournalLine> Lines, JournalCursor Next) ReadLast(int count, JournalFilter filter)
    {
        lock (_gate)
        {
            var lines = new List<JournalLine>();
            long end = LengthOf(path);
            foreach (string text in BackwardLines.Read(path).Concat(BackwardLines.Read(OlderPath)))
            {
                if (lines.Count >= count)
                {
                    break;
                }

                if (JournalLine.Parse(text) is { } line && filter.Wants(line))
                {
                    lines.Add(line);
                }
            }

            lines.Reverse();
            return (lines, new(_rotations, end));
        }
    }

    /// <summary>What was written behind <paramref name="cursor"/>. Of what was rotated away meanwhile only the last file is left.</summary>
    public (IReadOnlyList<JournalLine> Lines, JournalCursor Next) ReadOn(JournalCursor cursor, JournalFilter filter)
    {
        lock (_gate)
        {
            var lines = new List<JournalLine>();
            int missed = _rotations - cursor.Rotations;
            if (missed > 0)
            {
                Read(OlderPath, missed == 1 ? cursor.Position : 0);
            }

            long end = Read(path, missed == 0 ? cursor.Position : 0);
            return (lines, new(_rotations, end));

            long Read(string file, long begin)
            {
                if (!File.Exists(file))
                {
                    return 0;
                }

                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                stream.Position = begin;
                using var reader = new StreamReader(stream, Encoding.UTF8);
                while (reader.ReadLine() is { } text)
                {
                    if (JournalLine.Parse(text) is { } line && filter.Wants(line))
                    {
                        lines.Add(line);
                    }
                }

                return stream.Length;
            }
        }
    }

    /// <summary>Completes as soon as there is something behind <paramref name="cursor"/>.</summary>
    public Task WaitAsync(JournalCursor cursor)
    {
        lock (_gate)
        {
            return _rotations != cursor.Rotations || LengthOf(path) > cursor.Position
                ? Task.CompletedTask
                : (_appended ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private static long LengthOf(string file) => new FileInfo(file) is { Exists: true } there ? there.Length : 0;
}
