using System.Buffers.Binary;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Store;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>Who proposed an entry, and under which id it waits for the outcome.</summary>
internal readonly record struct RequestOrigin(ulong Member, ulong Id)
{
    public const int Size = 2 * sizeof(ulong);

    public void WriteTo(Span<byte> output)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(output, Member);
        BinaryPrimitives.WriteUInt64LittleEndian(output[sizeof(ulong)..], Id);
    }

    public static RequestOrigin Read(ReadOnlySpan<byte> input) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(input), BinaryPrimitives.ReadUInt64LittleEndian(input[sizeof(ulong)..]));
}

/// <summary>
/// A command as a log entry's payload: format number, origin, the time it happens, then the fields. Times are UTC ticks; text is the bytes the client
/// sent. A deadline is kept as the time from then on, so that the leader can stamp its own time on what others proposed.
/// </summary>
internal static class StoreCommandCodec
{
    private const byte FormatNumber = 2;
    private const int TimeOffset = 1 + RequestOrigin.Size;

    [Flags]
    private enum Marks : byte
    {
        None = 0,
        Directory = 1,
        Recursive = 2,
        Refresh = 4,
        Deadline = 8,
    }

    public static byte[] Encode(RequestOrigin origin, StoreCommand command)
    {
        using var bytes = new MemoryStream(80 + command.Key.Length + command.Value.Length);
        using var writer = new BinaryWriter(bytes);
        writer.Write(FormatNumber);
        writer.Write(origin.Member);
        writer.Write(origin.Id);
        writer.Write(command.Now.UtcTicks);
        writer.Write((byte)command.Action);
        writer.Write((byte)command.Space);
        writer.Write((byte)((command.IsDirectory ? Marks.Directory : 0) | (command.IsRecursive ? Marks.Recursive : 0)
            | (command.IsRefresh ? Marks.Refresh : 0) | (command.Deadline is null ? 0 : Marks.Deadline)));
        writer.Write(command.Deadline is { } deadline ? (deadline - command.Now).Ticks : 0);
        writer.Write(command.PrevIndex);
        Write(writer, command.Key);
        Write(writer, command.Value);
        Write(writer, command.PrevValue);
        return bytes.ToArray();
    }

    /// <summary>The payload with another time: one clock, the leader's, says when what is proposed anywhere expires.</summary>
    public static ReadOnlyMemory<byte> Stamp(ReadOnlyMemory<byte> payload, DateTimeOffset now)
    {
        if (payload.Length < TimeOffset + sizeof(long) || payload.Span[0] != FormatNumber)
        {
            return payload;
        }

        byte[] stamped = payload.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(stamped.AsSpan(TimeOffset), now.UtcTicks);
        return stamped;
    }

    public static (RequestOrigin Origin, StoreCommand Command) Decode(ReadOnlyMemory<byte> payload)
    {
        using var reader = new BinaryReader(new MemoryStream(payload.ToArray()));
        byte format = reader.ReadByte();
        if (format != FormatNumber)
        {
            throw new InvalidDataException($"a command of format {format} is in the log; this release reads {FormatNumber}");
        }

        var origin = new RequestOrigin(reader.ReadUInt64(), reader.ReadUInt64());
        var now = new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero);
        var action = (StoreAction)reader.ReadByte();
        var space = (StoreSpace)reader.ReadByte();
        var marks = (Marks)reader.ReadByte();
        long lifetime = reader.ReadInt64();
        ulong prevIndex = reader.ReadUInt64();
        return (origin, new StoreCommand(action, ReadText(reader), now)
        {
            Space = space,
            Value = ReadText(reader),
            PrevValue = ReadText(reader),
            PrevIndex = prevIndex,
            IsDirectory = marks.HasFlag(Marks.Directory),
            IsRecursive = marks.HasFlag(Marks.Recursive),
            IsRefresh = marks.HasFlag(Marks.Refresh),
            Deadline = marks.HasFlag(Marks.Deadline) ? now.AddTicks(lifetime) : null,
        });
    }

    private static void Write(BinaryWriter writer, string text)
    {
        byte[] bytes = RawText.Encode(text);
        writer.Write7BitEncodedInt(bytes.Length);
        writer.Write(bytes);
    }

    private static string ReadText(BinaryReader reader) => RawText.Decode(reader.ReadBytes(reader.Read7BitEncodedInt()));
}
