using System.Buffers.Binary;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Wal;

/// <summary>What a record is; the numbers are part of the format. Entry kinds keep the core's numbers.</summary>
internal enum WalRecordType : byte
{
    Command = EntryKind.Command,
    LeaderStart = EntryKind.LeaderStart,
    MembershipChange = EntryKind.MembershipChange,

    /// <summary>Term and, in the payload, the vote and the commit index.</summary>
    HardState = 16,

    /// <summary>First in each segment: the format number and who wrote it.</summary>
    Header = 17,

    /// <summary>A snapshot from the leader was installed: index and term of what it covers. The entries before this record are not the log any more.</summary>
    SnapshotInstalled = 18,
}

/// <summary>One record: index, term, type, payload and a CRC-32C chained on the record before. Layout in README.md.</summary>
internal sealed record WalRecord(WalRecordType Type, ulong Index, ulong Term, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Payload length, CRC, type and three bytes of zero, index, term.</summary>
    public const int HeaderSize = 28;

    public int Size => HeaderSize + Payload.Length;

    public static WalRecord Of(Entry entry) => new((WalRecordType)entry.Kind, entry.Index, entry.Term, entry.Payload);

    public static WalRecord Of(HardState state)
    {
        byte[] payload = new byte[17];
        payload[0] = state.VotedFor is null ? (byte)0 : (byte)1;
        BinaryPrimitives.WriteUInt64LittleEndian(payload.AsSpan(1), state.VotedFor?.Value ?? 0);
        BinaryPrimitives.WriteUInt64LittleEndian(payload.AsSpan(9), state.Commit);
        return new WalRecord(WalRecordType.HardState, state.Commit, state.Term, payload);
    }

    public static WalRecord Of(LogPosition installed) => new(WalRecordType.SnapshotInstalled, installed.Index, installed.Term, ReadOnlyMemory<byte>.Empty);

    public HardState ToHardState()
    {
        var span = Payload.Span;
        return new HardState(
            Term,
            span[0] == 0 ? null : new NodeId(BinaryPrimitives.ReadUInt64LittleEndian(span[1..])),
            BinaryPrimitives.ReadUInt64LittleEndian(span[9..]));
    }

    public Entry ToEntry() => new(Index, Term, (EntryKind)Type, Payload);

    /// <summary>Writes the record; its CRC, for the next one to chain on.</summary>
    public uint WriteTo(Span<byte> output, uint previousCrc)
    {
        output[..HeaderSize].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(output, Payload.Length);
        output[8] = (byte)Type;
        BinaryPrimitives.WriteUInt64LittleEndian(output[12..], Index);
        BinaryPrimitives.WriteUInt64LittleEndian(output[20..], Term);
        Payload.Span.CopyTo(output[HeaderSize..]);
        uint crc = Checksum(output[..Size], previousCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(output[4..], crc);
        return crc;
    }

    /// <summary>The record at the start of <paramref name="input"/>, or null when it is damaged or cut.</summary>
    public static WalRecord? Read(ReadOnlyMemory<byte> input, ref uint crc)
    {
        var span = input.Span;
        if (span.Length < HeaderSize)
        {
            return null;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(span);
        if (length < 0 || length > span.Length - HeaderSize)
        {
            return null;
        }

        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(span[4..]);
        if (stored != Checksum(span[..(HeaderSize + length)], crc))
        {
            return null;
        }

        crc = stored;
        return new WalRecord(
            (WalRecordType)span[8],
            BinaryPrimitives.ReadUInt64LittleEndian(span[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(span[20..]),
            input.Slice(HeaderSize, length));
    }

    /// <summary>Over the length and everything behind the CRC itself.</summary>
    private static uint Checksum(ReadOnlySpan<byte> record, uint previousCrc) =>
        Crc32C.Compute(Crc32C.Compute(previousCrc, record[..4]), record[8..]);
}
