using System.Collections.Immutable;

namespace Coreutil.Raft;

/// <summary>The entries still held, after a start that a snapshot covers. Entries are consecutive; the invariant is checked where one is added.</summary>
public sealed class RaftLog(LogPosition start)
{
    private readonly List<Entry> _entries = [];

    /// <summary>The last position that a snapshot covers; the first held entry follows it.</summary>
    public LogPosition Start { get; private set; } = start;

    public LogPosition Last => _entries.Count > 0 ? _entries[^1].Position : Start;

    public void Append(Entry entry)
    {
        if (entry.Index != Last.Index + 1 || entry.Term < Last.Term)
        {
            throw new InvalidOperationException($"entry {entry.Index} of term {entry.Term} cannot follow entry {Last.Index} of term {Last.Term}");
        }

        _entries.Add(entry);
    }

    /// <summary>The entries after <paramref name="after"/>, up to and including <paramref name="through"/>.</summary>
    public ImmutableArray<Entry> Slice(ulong after, ulong through)
    {
        if (after < Start.Index || through > Last.Index)
        {
            throw new ArgumentOutOfRangeException(nameof(after), $"entries {after + 1}..{through} are not held; the log has {Start.Index + 1}..{Last.Index}");
        }

        return through <= after ? [] : [.. _entries.GetRange((int)(after - Start.Index), (int)(through - after))];
    }

    /// <summary>Forgets what a snapshot covers.</summary>
    public void CompactThrough(ulong index)
    {
        if (index <= Start.Index)
        {
            return;
        }

        int count = (int)(Math.Min(index, Last.Index) - Start.Index);
        var position = _entries[count - 1].Position;
        _entries.RemoveRange(0, count);
        Start = position;
    }
}
