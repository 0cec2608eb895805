using System.Collections.Immutable;

namespace Coreutil.Raft;

/// <summary>The entries still held, after a start that was compacted away. Entries are consecutive and their terms never fall.</summary>
internal sealed class RaftLog(LogPosition start)
{
    private readonly List<Entry> _entries = [];
    private (ulong After, ulong Through, ImmutableArray<Entry> Entries) _lastSlice = (0, 0, []);

    /// <summary>The last position that is no longer held as an entry.</summary>
    public LogPosition Start { get; private set; } = start;

    public LogPosition Last => _entries.Count > 0 ? _entries[^1].Position : Start;

    public void Append(Entry entry)
    {
        if (entry.Index != Last.Index + 1 || entry.Term < Last.Term)
        {
            throw new RaftException($"entry {entry.Index} of term {entry.Term} cannot follow entry {Last.Index} of term {Last.Term}");
        }

        _entries.Add(entry);
    }

    public Entry this[ulong index] => _entries[(int)(index - Start.Index - 1)];

    /// <summary>Null for what is compacted or not there.</summary>
    public ulong? TermAt(ulong index) =>
        index == Start.Index ? Start.Term : index < Start.Index || index > Last.Index ? null : this[index].Term;

    public bool Has(LogPosition position) => TermAt(position.Index) == position.Term;

    /// <summary>The entries after <paramref name="after"/>, up to and including <paramref name="through"/>.</summary>
    public ImmutableArray<Entry> Slice(ulong after, ulong through)
    {
        if (through <= after)
        {
            return [];
        }

        if (after < Start.Index || through > Last.Index)
        {
            throw new RaftException($"entries {after + 1}..{through} are not held; the log has {Start.Index + 1}..{Last.Index}");
        }

        // The same entries go to the disk and to every follower: one array serves all.
        if (_lastSlice.After != after || _lastSlice.Through != through)
        {
            _lastSlice = (after, through, [.. _entries.GetRange((int)(after - Start.Index), (int)(through - after))]);
        }

        return _lastSlice.Entries;
    }

    /// <summary>As many entries after <paramref name="after"/> as fit into <paramref name="maximumBytes"/>; at least one if there is one.</summary>
    public ImmutableArray<Entry> SliceOfBytes(ulong after, long maximumBytes)
    {
        ulong through = after;
        long bytes = 0;
        while (through < Last.Index)
        {
            bytes += this[through + 1].Size;
            if (bytes > maximumBytes && through > after)
            {
                break;
            }

            through++;
        }

        return Slice(after, through);
    }

    /// <summary>
    /// Where two logs may still agree, at or below <paramref name="index"/>: the first entry from there down whose term is not above
    /// <paramref name="term"/>. Skips whole terms (Raft §5.3).
    /// </summary>
    public LogPosition LastPossibleMatch(ulong index, ulong term)
    {
        index = Math.Min(index, Last.Index);
        while (index > Start.Index && this[index].Term > term)
        {
            index--;
        }

        return new LogPosition(TermAt(index) ?? 0, index);
    }

    /// <summary>Drops the entries from <paramref name="index"/> on: a leader has others there.</summary>
    public void TruncateFrom(ulong index)
    {
        int kept = (int)(index - Start.Index - 1);
        _entries.RemoveRange(kept, _entries.Count - kept);
        _lastSlice = (0, 0, []);
    }

    /// <summary>Forgets the entries up to <paramref name="index"/>.</summary>
    public void CompactThrough(ulong index)
    {
        index = Math.Min(index, Last.Index);
        if (index > Start.Index)
        {
            var position = this[index].Position;
            _entries.RemoveRange(0, (int)(index - Start.Index));
            Start = position;
        }
    }

    /// <summary>Begins anew after an installed snapshot.</summary>
    public void Reset(LogPosition start)
    {
        _entries.Clear();
        _lastSlice = (0, 0, []);
        Start = start;
    }
}
