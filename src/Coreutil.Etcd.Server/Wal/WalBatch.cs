using System.Buffers.Binary;

namespace Coreutil.Etcd.Server.Wal;

/// <summary>
/// The records of one sync. A batch starts on a sector boundary, so a torn write never touches a synced record, and its header checks
/// itself, so a later batch is recognised behind a damaged one: that tells damage inside the log from a tail that was never acknowledged.
/// </summary>
internal static class WalBatch
{
    public const int Sector = 512;

    /// <summary>Magic, length of the records, CRC to chain on, CRC of these twelve bytes.</summary>
    public const int HeaderSize = 16;

    private const uint Magic = 0x3162_7763; // "cwb1"

    /// <summary>Never zero, so that a missing end shows.</summary>
    private const byte Trailer = 0xA5;

    public static (byte[] Bytes, uint Crc) Encode(IReadOnlyList<WalRecord> records, uint previousCrc)
    {
        int length = records.Sum(record => record.Size);
        byte[] bytes = new byte[Aligned(HeaderSize + length + 1)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), previousCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), Crc32C.Compute(0, bytes.AsSpan(0, 12)));
        int position = HeaderSize;
        uint crc = previousCrc;
        foreach (var record in records)
        {
            crc = record.WriteTo(bytes.AsSpan(position), crc);
            position += record.Size;
        }

        bytes[position] = Trailer;
        return (bytes, crc);
    }

    /// <summary>The CRC that the first batch of a segment chains on: the segments before it may be gone.</summary>
    public static uint ChainStart(ReadOnlySpan<byte> segment) => HasHeader(segment) ? BinaryPrimitives.ReadUInt32LittleEndian(segment[8..]) : 0;

    public static int Aligned(int length) => (length + Sector - 1) / Sector * Sector;

    /// <summary>What stands at <paramref name="offset"/> of a segment; <paramref name="crc"/> moves on only past a good batch.</summary>
    public static BatchReading Read(ReadOnlyMemory<byte> segment, int offset, ref uint crc)
    {
        // The padding of the last batch may be cut away: nothing is missing then.
        var rest = segment[Math.Min(offset, segment.Length)..];
        if (rest.Span.IndexOfAnyExcept((byte)0) < 0)
        {
            return new BatchReading.End();
        }

        if (!HasHeader(rest.Span))
        {
            // A sector is written whole or not at all: a header that is there and wrong was not torn, unless nothing at all stands behind it.
            bool isMissing = rest.Length < Sector
                || rest.Span[..Sector].IndexOfAnyExcept((byte)0) < 0
                || rest.Span[HeaderSize..].IndexOfAnyExcept((byte)0) < 0;
            return Damaged(segment.Span, offset, isMissing, offset + Sector);
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(rest.Span[4..]);
        int used = HeaderSize + length + 1;
        if (used > rest.Length)
        {
            return Damaged(segment.Span, offset, isMissing: true, segment.Length);
        }

        if (rest.Span[used - 1] != Trailer || Records(rest.Slice(HeaderSize, length), ref crc, BinaryPrimitives.ReadUInt32LittleEndian(rest.Span[8..])) is not { } records)
        {
            bool isMissing = rest.Span[used - 1] == 0 || HasMissingSector(rest.Span[..used]);
            return Damaged(segment.Span, offset, isMissing, offset + Aligned(used));
        }

        return new BatchReading.Good(records, Aligned(used));
    }

    private static List<WalRecord>? Records(ReadOnlyMemory<byte> bytes, ref uint crc, uint previousCrc)
    {
        if (previousCrc != crc)
        {
            return null;
        }

        uint chained = crc;
        var records = new List<WalRecord>();
        while (!bytes.IsEmpty)
        {
            if (WalRecord.Read(bytes, ref chained) is not { } record)
            {
                return null;
            }

            records.Add(record);
            bytes = bytes[record.Size..];
        }

        crc = chained;
        return records;
    }

    private static BatchReading Damaged(ReadOnlySpan<byte> segment, int offset, bool isMissing, int searchFrom)
    {
        for (int later = searchFrom; later < segment.Length; later += Sector)
        {
            if (HasHeader(segment[later..]))
            {
                return new BatchReading.Corrupt(offset);
            }
        }

        return isMissing ? new BatchReading.Torn(offset) : new BatchReading.Corrupt(offset);
    }

    private static bool HasHeader(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= HeaderSize
        && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == Magic
        && BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]) >= 0
        && BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) == Crc32C.Compute(0, bytes[..12]);

    private static bool HasMissingSector(ReadOnlySpan<byte> batch)
    {
        for (; !batch.IsEmpty; batch = batch[Math.Min(Sector, batch.Length)..])
        {
            if (batch[..Math.Min(Sector, batch.Length)].IndexOfAnyExcept((byte)0) < 0)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What stands at a place of a segment.</summary>
internal abstract record BatchReading
{
    private BatchReading()
    {
    }

    public sealed record Good(IReadOnlyList<WalRecord> Records, int Size) : BatchReading;

    /// <summary>Nothing but zeros from here on.</summary>
    public sealed record End : BatchReading;

    /// <summary>A batch that was being written when the power went: nobody was told of it.</summary>
    public sealed record Torn(int Offset) : BatchReading;

    /// <summary>Damage to what was once whole.</summary>
    public sealed record Corrupt(int Offset) : BatchReading;
}
