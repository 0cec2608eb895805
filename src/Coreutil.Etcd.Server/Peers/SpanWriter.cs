using System.Buffers.Binary;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Peers;

/// <summary>Writes the fields of a frame one behind the other.</summary>
internal ref struct SpanWriter(Span<byte> output)
{
    private Span<byte> _rest = output;

    public void Byte(byte value)
    {
        _rest[0] = value;
        _rest = _rest[1..];
    }

    public void Flag(bool value) => Byte(value ? (byte)1 : (byte)0);

    public void Number(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_rest, value);
        _rest = _rest[sizeof(ulong)..];
    }

    public void Count(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_rest, value);
        _rest = _rest[sizeof(int)..];
    }

    public void Position(LogPosition position)
    {
        Number(position.Term);
        Number(position.Index);
    }

    public void Numbers(ReadOnlySpan<ulong> values)
    {
        Count(values.Length);
        foreach (ulong value in values)
        {
            Number(value);
        }
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        Count(bytes.Length);
        bytes.CopyTo(_rest);
        _rest = _rest[bytes.Length..];
    }
}

/// <summary>Reads the fields of a frame that anybody may have written.</summary>
internal ref struct MemoryReader(ReadOnlyMemory<byte> input)
{
    private ReadOnlyMemory<byte> _rest = input;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public readonly int Left => _rest.Length;

    public byte Byte() => Take(1).Span[0];

    public bool Flag() => Byte() switch
    {
        0 => false,
        1 => true,
        var other => throw new MalformedMessageException($"a flag of {other}"),
    };

    public ulong Number() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)).Span);

    public LogPosition Position() => new(Number(), Number());

    /// <summary>How many elements follow; never more than there are bytes for.</summary>
    public int Count(int elementSize)
    {
        int count = BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)).Span);
        return count >= 0 && count <= _rest.Length / elementSize ? count : throw new MalformedMessageException($"{count} elements in {_rest.Length} bytes");
    }

    public ReadOnlyMemory<byte> Bytes() => Take(Count(1));

    private ReadOnlyMemory<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            throw new MalformedMessageException("the message ends within a field");
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
