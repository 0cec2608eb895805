using System.Buffers.Binary;

namespace Coreutil.Units.Systemd.DBus;

public enum DBusMessageType : byte
{
    MethodCall = 1,
    MethodReturn = 2,
    Error = 3,
    Signal = 4,
}

/// <summary>One message of the wire: a header of known fields and a body still marshalled.</summary>
public sealed record DBusMessage
{
    /// <summary>Bytes of the part of a header that has a fixed length: enough to know how long the message is.</summary>
    public const int FixedHeaderLength = 16;

    // The specification allows 128 MiB; the states of ten thousand units are 3 MiB.
    private const uint LongestMessage = 64 * 1024 * 1024;
    private const byte ProtocolVersion = 1;

    public required DBusMessageType Type { get; init; }

    public uint Serial { get; init; }

    public uint ReplySerial { get; init; }

    public string? Path { get; init; }

    public string? Interface { get; init; }

    public string? Member { get; init; }

    public string? ErrorName { get; init; }

    public string? Destination { get; init; }

    public string? Sender { get; init; }

    public string Signature { get; init; } = "";

    public ReadOnlyMemory<byte> Body { get; init; }

    public bool IsBigEndian { get; init; }

    public DBusReader Read() => new(Body.Span, IsBigEndian);

    /// <summary>A reader of a body that must have this signature.</summary>
    public DBusReader Read(string signature) => Signature == signature
        ? Read()
        : throw new DBusException($"{Member ?? "a reply"} has the signature '{Signature}', not '{signature}'");

    public byte[] Serialise()
    {
        var fields = new DBusWriter();
        Add(1, "o", Path);
        Add(2, "s", Interface);
        Add(3, "s", Member);
        Add(4, "s", ErrorName);
        Add(6, "s", Destination);
        Add(8, "g", Signature.Length > 0 ? Signature : null);
        if (ReplySerial != 0)
        {
            fields.Align(8).WriteByte(5).WriteSignature("u").WriteUInt32(ReplySerial);
        }

        // The fields begin at offset 16, which keeps their alignment.
        return [.. new DBusWriter().WriteByte((byte)'l').WriteByte((byte)Type).WriteByte(0).WriteByte(ProtocolVersion)
            .WriteUInt32((uint)Body.Length).WriteUInt32(Serial).WriteUInt32((uint)fields.Written.Length)
            .WriteRaw(fields.Written).Align(8).WriteRaw(Body.Span).Written];

        void Add(byte code, string type, string? value)
        {
            if (value is null)
            {
                return;
            }

            fields.Align(8).WriteByte(code).WriteSignature(type);
            _ = type == "g" ? fields.WriteSignature(value) : fields.WriteString(value);
        }
    }

    /// <summary>The whole length of the message whose first <see cref="FixedHeaderLength"/> bytes are given.</summary>
    /// <exception cref="DBusException">No message begins like that.</exception>
    public static int LengthOf(ReadOnlySpan<byte> start)
    {
        bool isBigEndian = start[0] switch
        {
            (byte)'l' => false,
            (byte)'B' => true,
            _ => throw new DBusException($"a message begins with the byte {start[0]}"),
        };
        if (start[3] != ProtocolVersion)
        {
            throw new DBusException($"a message has the protocol version {start[3]}");
        }

        uint body = Number(start[4..]);
        uint fields = Number(start[12..]);
        return body <= LongestMessage && fields <= LongestMessage
            ? FixedHeaderLength + (((int)fields + 7) & ~7) + (int)body
            : throw new DBusException($"a message of {body} bytes with a header of {fields} is too long");

        uint Number(ReadOnlySpan<byte> bytes) => isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    /// <exception cref="DBusException">The bytes are no message.</exception>
    public static DBusMessage Parse(ReadOnlyMemory<byte> bytes)
    {
        bool isBigEndian = bytes.Span[0] == (byte)'B';
        var reader = new DBusReader(bytes.Span, isBigEndian);
        reader.ReadByte();
        var message = new DBusMessage { Type = (DBusMessageType)reader.ReadByte(), IsBigEndian = isBigEndian };
        reader.ReadByte();
        reader.ReadByte();
        int bodyLength = (int)reader.ReadUInt32();
        message = message with { Serial = reader.ReadUInt32() };
        int end = reader.ReadArrayEnd(elementAlignment: 8);
        while (reader.Position < end)
        {
            message = ReadField(message, ref reader);
        }

        reader.ExpectArrayEnd(end);
        return message.Serial != 0 && message.IsComplete
            ? message with { Body = bytes[^bodyLength..] }
            : throw new DBusException($"a message of type {message.Type} lacks fields that its type must have");
    }

    private bool IsComplete => Type switch
    {
        DBusMessageType.MethodCall => Path is not null && Member is not null,
        DBusMessageType.Signal => Path is not null && Member is not null && Interface is not null,
        DBusMessageType.Error => ErrorName is not null && ReplySerial != 0,
        DBusMessageType.MethodReturn => ReplySerial != 0,
        _ => Enum.IsDefined(Type) || Type > DBusMessageType.Signal,
    };

    private static DBusMessage ReadField(DBusMessage message, ref DBusReader reader)
    {
        reader.ReadStructureStart();
        byte code = reader.ReadByte();
        string type = reader.ReadSignature();
        string expected = code switch
        {
            1 => "o",
            2 or 3 or 4 or 6 or 7 => "s",
            5 => "u",
            8 => "g",
            _ => type,
        };
        if (type != expected)
        {
            throw new DBusException($"the header field {code} has the type '{type}'");
        }

        switch (code)
        {
            case 1:
                return message with { Path = reader.ReadString() };
            case 2:
                return message with { Interface = reader.ReadString() };
            case 3:
                return message with { Member = reader.ReadString() };
            case 4:
                return message with { ErrorName = reader.ReadString() };
            case 5:
                return message with { ReplySerial = reader.ReadUInt32() };
            case 6:
                return message with { Destination = reader.ReadString() };
            case 7:
                return message with { Sender = reader.ReadString() };
            case 8:
                return message with { Signature = reader.ReadSignature() };
            default:
                // Fields that are not known must be passed over.
                reader.Skip(type);
                return message;
        }
    }
}
