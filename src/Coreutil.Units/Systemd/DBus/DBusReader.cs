using System.Buffers.Binary;
using System.Text;

namespace Coreutil.Units.Systemd.DBus;

/// <summary>
/// Reads marshalled values (D-Bus specification, "Message Protocol"). Alignment counts from the start of the span, which is the start of a message or of
/// a body. What does not fit, is not aligned with zeros or is not terminated is refused: a bus is a program like any other.
/// </summary>
public ref struct DBusReader(ReadOnlySpan<byte> bytes, bool isBigEndian)
{
    private const int LongestArray = 64 * 1024 * 1024;
    private const int DeepestNesting = 32;

    private static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Position { get; private set; }

    public byte ReadByte() => Take(1)[0];

    public uint ReadUInt32()
    {
        Align(4);
        var taken = Take(4);
        return isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(taken) : BinaryPrimitives.ReadUInt32LittleEndian(taken);
    }

    public bool ReadBoolean() => ReadUInt32() switch
    {
        0 => false,
        1 => true,
        var other => throw new DBusException($"a boolean has the value {other}"),
    };

    /// <summary>A string or an object path: they are marshalled alike.</summary>
    public string ReadString() => ReadText(ReadUInt32());

    public string ReadSignature() => ReadText(ReadByte());

    /// <summary>Where the array that begins here ends; elements are read until <see cref="Position"/> is there.</summary>
    public int ReadArrayEnd(int elementAlignment)
    {
        uint length = ReadUInt32();
        Align(elementAlignment);
        return length <= LongestArray && length <= _bytes.Length - Position
            ? Position + (int)length
            : throw new DBusException($"an array of {length} bytes does not fit into its message");
    }

    /// <summary>To the start of a structure or a dictionary entry.</summary>
    public void ReadStructureStart() => Align(8);

    /// <summary>A variant that must hold a string or an object path.</summary>
    public string ReadStringVariant() => ReadSignature() is "s" or "o" ? ReadString() : throw new DBusException("a variant holds something else than a string");

    /// <summary>Passes over one complete value of the signature's first type.</summary>
    public void Skip(ReadOnlySpan<char> signature)
    {
        while (!signature.IsEmpty)
        {
            SkipOne(ref signature, DeepestNesting);
        }
    }

    public void ExpectArrayEnd(int end)
    {
        if (Position != end)
        {
            throw new DBusException("an array's elements do not end where the array does");
        }
    }

    private string ReadText(uint length)
    {
        if (length >= _bytes.Length - Position)
        {
            throw new DBusException($"a string of {length} bytes does not fit into its message");
        }

        var text = Take((int)length);
        if (Take(1)[0] != 0 || text.Contains((byte)0))
        {
            throw new DBusException("a string is not terminated by its only null byte");
        }

        try
        {
            return _strict.GetString(text);
        }
        catch (DecoderFallbackException invalid)
        {
            throw new DBusException("a string is not UTF-8", invalid);
        }
    }

    private void SkipOne(ref ReadOnlySpan<char> signature, int depth)
    {
        if (depth == 0 || signature.IsEmpty)
        {
            throw new DBusException("a signature is nested too deeply or cut off");
        }

        char type = signature[0];
        signature = signature[1..];
        switch (type)
        {
            case 'y':
                Take(1);
                break;
            case 'n' or 'q':
                Align(2);
                Take(2);
                break;
            case 'b' or 'i' or 'u' or 'h':
                Align(4);
                Take(4);
                break;
            case 'x' or 't' or 'd':
                Align(8);
                Take(8);
                break;
            case 's' or 'o':
                ReadString();
                break;
            case 'g':
                ReadSignature();
                break;
            case 'v':
                ReadOnlySpan<char> inner = ReadSignature();
                SkipOne(ref inner, depth - 1);
                break;
            case 'a':
                SkipArray(ref signature, depth);
                break;
            case '(' or '{':
                ReadStructureStart();
                while (signature is [not (')' or '}'), ..])
                {
                    SkipOne(ref signature, depth - 1);
                }

                signature = signature.IsEmpty ? throw new DBusException("a signature's structure is not closed") : signature[1..];
                break;
            default:
                throw new DBusException($"a signature has the unknown type '{type}'");
        }
    }

    private void SkipArray(ref ReadOnlySpan<char> signature, int depth)
    {
        int end = ReadArrayEnd(signature is ['(' or '{' or 'x' or 't' or 'd', ..] ? 8 : signature is ['n' or 'q', ..] ? 2 : signature is ['y' or 'g' or 'v', ..] ? 1 : 4);
        Position = end;
        PassType(ref signature, depth);
    }

    private static void PassType(ref ReadOnlySpan<char> signature, int depth)
    {
        if (depth == 0 || signature.IsEmpty)
        {
            throw new DBusException("a signature is nested too deeply or cut off");
        }

        char type = signature[0];
        signature = signature[1..];
        if (type == 'a')
        {
            PassType(ref signature, depth - 1);
        }
        else if (type is '(' or '{')
        {
            while (signature is [not (')' or '}'), ..])
            {
                PassType(ref signature, depth - 1);
            }

            signature = signature.IsEmpty ? throw new DBusException("a signature's structure is not closed") : signature[1..];
        }
    }

    private void Align(int to)
    {
        int padding = -Position & (to - 1);
        if (Take(padding).ContainsAnyExcept((byte)0))
        {
            throw new DBusException("padding is not zero");
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - Position)
        {
            throw new DBusException("a message ends in the middle of a value");
        }

        var taken = _bytes.Slice(Position, count);
        Position += count;
        return taken;
    }
}
