using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Wal;

/// <summary>The log cannot be used as it is: which file, where, and what to do.</summary>
internal sealed class WalException(string message) : IOException(message);

/// <summary>What a log held when it was opened.</summary>
/// <param name="Writer">Who wrote it: the identity a member keeps for life.</param>
/// <param name="TornFile">The name under which a torn tail was kept, if there was one.</param>
internal sealed record WalContent(string Writer, HardState State, IReadOnlyList<Entry> Entries, string? TornFile);

/// <summary>The log of entries and hard states in segments, one sync a batch. Format and repair rules in README.md.</summary>
internal sealed class WriteAheadLog
{
    public const byte FormatNumber = 1;
    public const int SegmentSize = 16 << 20;
    private const string Extension = ".wal";
    private const int ZeroStep = 1 << 20;
    private readonly IWalDirectory _directory;
    private readonly int _segmentSize;
    private readonly List<(string Name, ulong FirstIndex)> _segments = [];
    private string _writer;
    private HardState _state = HardState.Initial;
    private uint _crc;
    private long _offset;
    private long _zeroedThrough;
    private ulong _lastIndex;

    private WriteAheadLog(IWalDirectory directory, string writer, int segmentSize) =>
        (_directory, _writer, _segmentSize) = (directory, writer, segmentSize);

    /// <summary>Opens a log, makes it when there is none, and repairs its torn tail.</summary>
    /// <param name="writer">Who writes a new log: node and cluster identity as text, kept in each segment's header. A log that is there keeps its own.</param>
    /// <param name="after">Entries up to this index are in a snapshot; the log may begin behind it.</param>
    public static (WriteAheadLog Log, WalContent Content) Open(IWalDirectory directory, string writer, ulong after, int segmentSize = SegmentSize)
    {
        var log = new WriteAheadLog(directory, writer, segmentSize);
        var content = log.Recover(after);
        if (log._segments.Count == 0)
        {
            log._lastIndex = after;
            log.StartSegment();
        }

        return (log, content);
    }

    /// <summary>Writes a batch and returns when it is on the disk.</summary>
    public void Append(HardState? state, IReadOnlyCollection<Entry> entries)
    {
        var records = entries.Select(WalRecord.Of).ToList();
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

        if (_offset >= _segmentSize)
        {
            StartSegment();
        }
    }

    /// <summary>Deletes the segments that hold nothing after <paramref name="index"/>; the one being written stays.</summary>
    public void DeleteThrough(ulong index)
    {
        while (_segments.Count > 1 && _segments[1].FirstIndex <= index + 1)
        {
            _directory.Delete(_segments[0].Name);
            _segments.RemoveAt(0);
        }
    }

    private string Current => _segments[^1].Name;

    private WalContent Recover(ulong after)
    {
        var entries = new SortedDictionary<ulong, Entry>();
        string? tornFile = null;
        string[] names = [.. _directory.List().Where(name => name.EndsWith(Extension, StringComparison.Ordinal))];
        foreach (string name in names)
        {
            byte[] bytes = _directory.Read(name);
            bool isLast = name == names[^1];
            int offset = 0;
            if (name == names[0])
            {
                RefuseForeign(name, bytes);
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

        ulong[] held = [.. entries.Keys.Where(index => index > after)];
        if (held.Length > 0 && (held[0] != after + 1 || held[^1] - held[0] + 1 != (ulong)held.Length))
        {
            throw new WalException(
                $"the log in {names[0]} and its followers misses entry {after + 1}: restore the data directory from a backup, or remove it to join the cluster anew");
        }

        _lastIndex = held.Length > 0 ? held[^1] : after;
        if (_segments.Count > 0 && _offset == 0)
        {
            // Made just before a crash: its header never reached the disk.
            WriteHeader();
        }

        return new WalContent(_writer, _state, [.. held.Select(index => entries[index])], tornFile);
    }

    private void Accept(string name, int offset, IReadOnlyList<WalRecord> records, SortedDictionary<ulong, Entry> entries)
    {
        foreach (var record in records)
        {
            switch (record.Type)
            {
                case WalRecordType.Header when record.Payload.Span[0] != FormatNumber:
                    throw new WalException($"{name} has log format {record.Payload.Span[0]}, this release reads {FormatNumber}: use the release that wrote it");
                case WalRecordType.Header:
                    string writer = Encoding.ASCII.GetString(record.Payload.Span[1..]);
                    if (_segments.Count > 0 && writer != _writer)
                    {
                        throw new WalException($"{name} was written by {writer}, the segments before it by {_writer}: restore the data directory from a backup");
                    }

                    _writer = writer;
                    break;
                case WalRecordType.HardState:
                    _state = record.ToHardState();
                    break;
                case WalRecordType.Command or WalRecordType.LeaderStart:
                    entries[record.Index] = record.ToEntry();
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

    private void StartSegment()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{NextSequence():x16}-{_lastIndex + 1:x16}{Extension}");
        _segments.Add((name, _lastIndex + 1));
        _offset = 0;
        _zeroedThrough = 0;
        WriteHeader();
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
        if (_offset + bytes.Length > _zeroedThrough)
        {
            // Overwriting zeros needs no new extent, which makes the sync of a batch about 1.7 times faster (consensus.md).
            int count = Math.Min(ZeroStep, _segmentSize) + bytes.Length;
            _directory.Write(Current, _zeroedThrough, new byte[count]);
            _zeroedThrough += count;
        }

        _directory.Write(Current, _offset, bytes);
        _directory.Sync(Current);
        _offset += bytes.Length;
        _crc = crc;
    }

    /// <summary>The original's log has the same file names: frames of an 8-byte length and a protobuf record, the first of which holds a CRC.</summary>
    private static void RefuseForeign(string name, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= 9 && BinaryPrimitives.ReadUInt64LittleEndian(bytes) is > 0 and < 256 && bytes[8] == 0x08)
        {
            throw new WalException(
                $"{name} is a log of the original etcd, which this one does not read (nothing was changed): start here with an empty data directory and copy the keys from the running original, for example with etcdctl get and set");
        }
    }

    private static ulong FirstIndexOf(string name) =>
        name.Length == 33 + Extension.Length && ulong.TryParse(name.AsSpan(17, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong index)
            ? index
            : throw new WalException($"{name} is no segment of this log: its name is not <sequence>-<index>{Extension}");

    private static WalException Corrupt(string name, int offset) => new(
        $"{name} is damaged at byte {offset} (CRC mismatch) and cannot be repaired without losing acknowledged writes: restore the data directory from a backup, or remove it and start anew");
}
