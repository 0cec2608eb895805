using System.Globalization;
using System.Text;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Wal;

/// <summary>The log cannot be used as it is: which file, where, and what to do.</summary>
internal sealed class WalException(string message) : IOException(message);

/// <summary>What a log held when it was opened.</summary>
/// <param name="TornFile">The name under which a torn tail was kept, if there was one.</param>
internal sealed record WalContent(HardState State, IReadOnlyList<Entry> Entries, string? TornFile);

/// <summary>The log of entries and hard states in segments, one sync a batch. Format and repair rules in README.md.</summary>
internal sealed class WriteAheadLog
{
    public const byte FormatNumber = 1;
    public const int SegmentSize = 16 << 20;
    private const string Extension = ".wal";
    private const int ZeroStep = 1 << 20;
    private readonly IWalDirectory _directory;
    private string _writer;
    private readonly int _segmentSize;
    private readonly List<(string Name, ulong FirstIndex)> _segments = [];
    private HardState _state = HardState.Initial;
    private uint _crc;
    private long _offset;
    private long _zeroedThrough;
    private ulong _lastIndex;

    private WriteAheadLog(IWalDirectory directory, string writer, int segmentSize) =>
        (_directory, _writer, _segmentSize) = (directory, writer, segmentSize);

    /// <summary>Opens a log, makes it when there is none, and repairs its torn tail.</summary>
    /// <param name="writer">Who writes a new log: node and cluster identity as text, kept in each segment's header.</param>
    /// <param name="after">What the newest snapshot covers; the log may begin behind it.</param>
    public static (WriteAheadLog Log, WalContent Content) Open(IWalDirectory directory, string writer, LogPosition after, int segmentSize = SegmentSize)
    {
        var log = new WriteAheadLog(directory, writer, segmentSize);
        var content = log.Recover(after);
        if (log._segments.Count == 0)
        {
            log._lastIndex = after.Index;
            log.StartSegment();
        }

        return (log, content);
    }

    /// <summary>Who writes this log: as given for a new one, as found in an old one.</summary>
    public string Writer => _writer;

    /// <summary>
    /// Makes room for a batch with so many bytes of records. False when the disk is full: the log is as it was, and the batch must not come.
    /// </summary>
    public bool TryReserve(int recordBytes)
    {
        try
        {
            StartSegmentIfFull();
            Reserve(WalBatch.Aligned(WalBatch.HeaderSize + recordBytes + 1));
            return true;
        }
        catch (IOException failure) when (IsDiskFull(failure))
        {
            return false;
        }
    }

    /// <summary>
    /// Writes a batch and returns when it is on the disk. The first entry replaces the one with its index and all that follow it.
    /// </summary>
    /// <param name="installed">Covered by a snapshot that the leader sent and that is on the disk: the entries so far are void.</param>
    public void Append(HardState? state, IReadOnlyCollection<Entry> entries, LogPosition? installed = null)
    {
        StartSegmentIfFull();
        var records = entries.Select(WalRecord.Of).ToList();
        if (installed is { } position)
        {
            records.Insert(0, WalRecord.Of(position));
            _lastIndex = position.Index;
        }

        if (state is not null)
        {
            _state = state;
            records.Add(WalRecord.Of(state));
        }

        Write(records);
        if (entries.Count > 0)
        {
            _lastIndex = entries.Last().Index;
        }
    }

    /// <summary>Deletes the oldest segments that hold nothing after <paramref name="index"/> while there are more than to keep.</summary>
    public void DeleteThrough(ulong index, int keep = 1)
    {
        while (_segments.Count > keep && _segments[1].FirstIndex <= index + 1)
        {
            _directory.Delete(_segments[0].Name);
            _segments.RemoveAt(0);
        }
    }

    private string Current => _segments[^1].Name;

    /// <summary>ENOSPC and EDQUOT, which .NET passes on as they are.</summary>
    private static bool IsDiskFull(IOException failure) => failure.HResult is 28 or 122;

    private WalContent Recover(LogPosition after)
    {
        var entries = new List<Entry>();
        string? tornFile = null;
        string[] names = [.. _directory.List().Where(name => name.EndsWith(Extension, StringComparison.Ordinal))];
        foreach (string name in names)
        {
            byte[] bytes = _directory.Read(name);
            bool isLast = name == names[^1];
            int offset = 0;
            if (name == names[0])
            {
                _crc = WalBatch.ChainStart(bytes);
            }

            for (bool atEnd = false; !atEnd;)
            {
                switch (WalBatch.Read(bytes, offset, ref _crc))
                {
                    case BatchReading.Good good:
                        Accept(name, offset, good.Records, entries);
                        offset += good.Size;
                        break;
                    case BatchReading.End when offset == 0 && !isLast:
                        throw Corrupt(name, offset);
                    case BatchReading.End:
                        atEnd = true;
                        break;
                    case BatchReading.Torn torn when isLast:
                        tornFile = KeepAside(name, bytes, torn.Offset);
                        atEnd = true;
                        break;
                    default:
                        throw Corrupt(name, offset);
                }
            }

            _segments.Add((name, FirstIndexOf(name)));
            _offset = offset;
            _zeroedThrough = WalBatch.Aligned(bytes.Length);
        }

        // The crash came between an installed snapshot and its record: the snapshot is committed, what follows the other entry is not.
        bool isRecordMissing = entries.Exists(entry => entry.Index == after.Index && entry.Term != after.Term);
        if (isRecordMissing)
        {
            entries.Clear();
        }

        Entry[] held = [.. entries.Where(entry => entry.Index > after.Index)];
        if (held.Length > 0 && (held[0].Index != after.Index + 1 || held[^1].Index - held[0].Index + 1 != (ulong)held.Length))
        {
            throw new WalException(
                $"the log in {names[0]} and its followers misses entry {after.Index + 1}: restore the data directory from a backup, or remove it to join the cluster anew");
        }

        _lastIndex = held.Length > 0 ? held[^1].Index : after.Index;
        if (_segments.Count > 0 && _offset == 0)
        {
            // Made just before a crash: its header never reached the disk.
            WriteHeader();
        }

        if (isRecordMissing)
        {
            // Otherwise the next recovery would take what is appended from now on for what followed the other entry.
            StartSegmentIfFull();
            Write([WalRecord.Of(after)]);
        }

        return new WalContent(_state, held, tornFile);
    }

    private void Accept(string name, int offset, IReadOnlyList<WalRecord> records, List<Entry> entries)
    {
        foreach (var record in records)
        {
            switch (record.Type)
            {
                case WalRecordType.Header when record.Payload.Span[0] != FormatNumber:
                    throw new WalException($"{name} has log format {record.Payload.Span[0]}, this release reads {FormatNumber}: use the release that wrote it");
                case WalRecordType.Header when _segments.Count == 0 && offset == 0:
                    _writer = Encoding.ASCII.GetString(record.Payload.Span[1..]);
                    break;
                case WalRecordType.Header when Encoding.ASCII.GetString(record.Payload.Span[1..]) != _writer:
                    throw new WalException(
                        $"{name} was written by member and cluster {Encoding.ASCII.GetString(record.Payload.Span[1..])}, not {_writer} as the files before it: put back the log as it was");
                case WalRecordType.Header:
                    break;
                case WalRecordType.HardState:
                    _state = record.ToHardState();
                    break;
                case WalRecordType.SnapshotInstalled:
                    entries.Clear();
                    break;
                case WalRecordType.Command or WalRecordType.LeaderStart or WalRecordType.MembershipChange:
                    // Raft §5.3: a conflicting entry went with all that followed it.
                    while (entries.Count > 0 && entries[^1].Index >= record.Index)
                    {
                        entries.RemoveAt(entries.Count - 1);
                    }

                    entries.Add(record.ToEntry());
                    break;
                default:
                    throw new WalException($"{name} has at byte {offset} a record of type {(byte)record.Type}, unknown to this release: use the one that wrote it");
            }
        }
    }

    /// <summary>Copies the segment to <c>X.wal.broken</c>, then writes zeros over the torn part.</summary>
    private string KeepAside(string name, byte[] bytes, int offset)
    {
        string aside = name + ".broken";
        _directory.Write(aside, 0, bytes);
        _directory.Sync(aside);
        _directory.Write(name, offset, new byte[WalBatch.Aligned(bytes.Length) - offset]);
        _directory.Sync(name);
        return aside;
    }

    private void StartSegmentIfFull()
    {
        if (_offset >= _segmentSize)
        {
            StartSegment();
        }
    }

    private void StartSegment()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{NextSequence():x16}-{_lastIndex + 1:x16}{Extension}");
        var (offset, zeroedThrough) = (_offset, _zeroedThrough);
        _segments.Add((name, _lastIndex + 1));
        _offset = 0;
        _zeroedThrough = 0;
        try
        {
            WriteHeader();
        }
        catch (IOException failure) when (IsDiskFull(failure))
        {
            _segments.RemoveAt(_segments.Count - 1);
            (_offset, _zeroedThrough) = (offset, zeroedThrough);
            _directory.Delete(name);
            throw;
        }
    }

    private ulong NextSequence() => _segments.Count == 0 ? 0 : 1 + ulong.Parse(Current.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private void WriteHeader()
    {
        byte[] payload = [FormatNumber, .. Encoding.ASCII.GetBytes(_writer)];
        // The hard state is repeated so that older segments can be deleted.
        Write([new WalRecord(WalRecordType.Header, _lastIndex, _state.Term, payload), WalRecord.Of(_state)]);
    }

    private void Write(List<WalRecord> records)
    {
        var (bytes, crc) = WalBatch.Encode(records, _crc);
        Reserve(bytes.Length);
        _directory.Write(Current, _offset, bytes);
        _directory.Sync(Current);
        _offset += bytes.Length;
        _crc = crc;
    }

    /// <summary>
    /// Overwriting zeros needs no new extent, which makes the sync of a batch about 1.7 times faster (consensus.md), and the disk cannot be full
    /// in the middle of a batch.
    /// </summary>
    private void Reserve(int batchBytes)
    {
        if (_offset + batchBytes > _zeroedThrough)
        {
            int count = Math.Min(ZeroStep, _segmentSize) + batchBytes;
            _directory.Write(Current, _zeroedThrough, new byte[count]);
            _zeroedThrough += count;
        }
    }

    private static ulong FirstIndexOf(string name) =>
        name.Length == 33 + Extension.Length && ulong.TryParse(name.AsSpan(17, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong index)
            ? index
            : throw new WalException($"{name} is no segment of this log: its name is not <sequence>-<index>{Extension}");

    private static WalException Corrupt(string name, int offset) => new(
        $"{name} is damaged at byte {offset} (CRC mismatch) and cannot be repaired without losing acknowledged writes: restore the data directory from a backup, or remove it and start anew");
}
