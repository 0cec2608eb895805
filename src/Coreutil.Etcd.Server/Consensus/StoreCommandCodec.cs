using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Store;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>
/// A command as a log entry's payload: format number, request id, then the fields. Times are UTC ticks, 0 for none; text is the bytes the client sent.
/// </summary>
internal static class StoreCommandCodec
{
    private const byte FormatNumber = 1;

    [Flags]
    private enum Marks : byte
    {
        None = 0,
        Directory = 1,
        Recursive = 2,
        Refresh = 4,
    }

    public static byte[] Encode(ulong requestId, StoreCommand command)
    {
        using var bytes = new MemoryStream(64 + command.Key.Length + command.Value.Length);
        using var writer = new BinaryWriter(bytes);
        writer.Write(FormatNumber);
        writer.Write(requestId);
        writer.Write((byte)command.Action);
        writer.Write((byte)command.Space);
        writer.Write((byte)((command.IsDirectory ? Marks.Directory : 0) | (command.IsRecursive ? Marks.Recursive : 0) | (command.IsRefresh ? Marks.Refresh : 0)));
        writer.Write(command.Now.UtcTicks);
        writer.Write(command.Deadline?.UtcTicks ?? 0);
        writer.Write(command.PrevIndex);
        Write(writer, command.Key);
        Write(writer, command.Value);
        Write(writer, command.PrevValue);
        return bytes.ToArray();
    }

    public static (ulong RequestId, StoreCommand Command) Decode(ReadOnlyMemory<byte> payload)
    {
        using var reader = new BinaryReader(new MemoryStream(payload.ToArray()));
        byte format = reader.ReadByte();
        if (format != FormatNumber)
        {
            throw new InvalidDataException($"a command of format {format} is in the log; this release reads {FormatNumber}");
        }

        ulong requestId = reader.ReadUInt64();
        var action = (StoreAction)reader.ReadByte();
        var space = (StoreSpace)reader.ReadByte();
        var marks = (Marks)reader.ReadByte();
        var now = new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero);
        long deadline = reader.ReadInt64();
        ulong prevIndex = reader.ReadUInt64();
        return (requestId, new StoreCommand(action, ReadText(reader), now)
        {
            Space = space,
            Value = ReadText(reader),
            PrevValue = ReadText(reader),
            PrevIndex = prevIndex,
            IsDirectory = marks.HasFlag(Marks.Directory),
            IsRecursive = marks.HasFlag(Marks.Recursive),
            IsRefresh = marks.HasFlag(Marks.Refresh),
            Deadline = deadline == 0 ? null : new DateTimeOffset(deadline, TimeSpan.Zero),
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
