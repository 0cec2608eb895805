using System.Buffers.Binary;
using Coreutil.Raft;

namespace Coreutil.Tests.Raft.Simulation;

internal enum RegisterAction : byte
{
    Read,
    Write,
    CompareAndSwap,
}

/// <summary>An operation on one register. Values are unique, so that a read tells which write it saw.</summary>
/// <param name="Seen">What the register held before; null when the client did not learn it.</param>
internal sealed record RegisterOperation(long Id, RegisterAction Action, int Key, long Value, long Expected, long? Seen)
{
    private const int Size = 34;

    public byte[] Encode()
    {
        byte[] payload = new byte[Size];
        BinaryPrimitives.WriteInt64LittleEndian(payload, Id);
        payload[8] = (byte)Action;
        payload[9] = (byte)Key;
        BinaryPrimitives.WriteInt64LittleEndian(payload.AsSpan(10), Value);
        BinaryPrimitives.WriteInt64LittleEndian(payload.AsSpan(18), Expected);
        return payload;
    }

    public static RegisterOperation Decode(ReadOnlySpan<byte> payload) => new(
        BinaryPrimitives.ReadInt64LittleEndian(payload),
        (RegisterAction)payload[8],
        payload[9],
        BinaryPrimitives.ReadInt64LittleEndian(payload[10..]),
        BinaryPrimitives.ReadInt64LittleEndian(payload[18..]),
        null);

    /// <summary>For the checker: what a single register would do.</summary>
    public static (bool IsPossible, long Next) Step(long state, RegisterOperation operation) => (
        operation.Seen is null || operation.Seen == state || operation.Action == RegisterAction.Write,
        operation.Action switch
        {
            RegisterAction.Read => state,
            RegisterAction.Write => operation.Value,
            _ => state == operation.Expected ? operation.Value : state,
        });

    public override string ToString() => Action switch
    {
        RegisterAction.Read => $"#{Id} read k{Key}",
        RegisterAction.Write => $"#{Id} k{Key}={Value}",
        _ => $"#{Id} k{Key}={Value} if {Expected}",
    };
}

/// <summary>A state machine's state as a snapshot carries it.</summary>
internal sealed record RegisterSnapshot(SnapshotMetadata Metadata, long[] Values, ulong Hash)
{
    public static RegisterSnapshot Empty { get; } = new(SnapshotMetadata.Empty, new long[RegisterMap.Keys], 0);
}

/// <summary>The replicated state machine: a few registers, and a hash over all that was applied, so that no difference stays unseen.</summary>
internal sealed class RegisterMap(RegisterSnapshot start)
{
    public const int Keys = 4;
    private readonly long[] _values = [.. start.Values];

    public ulong Hash { get; private set; } = start.Hash;

    public ulong AppliedIndex { get; private set; } = start.Metadata.Index;

    public long Read(int key) => _values[key];

    /// <summary>The operation with what it saw; null for an entry that is no command.</summary>
    public RegisterOperation? Apply(Entry entry)
    {
        AppliedIndex = entry.Index;
        Hash = HashAfter(Hash, entry);
        if (entry.Kind != EntryKind.Command)
        {
            return null;
        }

        var operation = RegisterOperation.Decode(entry.Payload.Span);
        long before = _values[operation.Key];
        _values[operation.Key] = RegisterOperation.Step(before, operation).Next;
        return operation with { Seen = before };
    }

    public RegisterSnapshot Snapshot(SnapshotMetadata metadata) => new(metadata, [.. _values], Hash);

    private static ulong HashAfter(ulong hash, Entry entry)
    {
        hash = (hash ^ entry.Index ^ (entry.Term << 32) ^ ((ulong)entry.Kind << 60)) * 0x9E37_79B9_7F4A_7C15;
        hash ^= hash >> 29;
        foreach (byte part in entry.Payload.Span)
        {
            hash = (hash ^ part) * 0x100_0000_01B3;
        }

        return hash;
    }
}
