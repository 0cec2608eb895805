using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Coreutil.Units.Systemd.DBus;

/// <summary>Marshals values, little-endian. Only the types that calls to systemd carry.</summary>
public sealed class DBusWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    public DBusWriter WriteByte(byte value)
    {
        _bytes.Write([value]);
        return this;
    }

    public DBusWriter WriteUInt32(uint value)
    {
        Align(4);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _bytes.Write(bytes);
        return this;
    }

    public DBusWriter WriteBoolean(bool value) => WriteUInt32(value ? 1u : 0);

    public DBusWriter WriteString(string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        WriteUInt32((uint)bytes.Length);
        _bytes.Write(bytes);
        return WriteByte(0);
    }

    public DBusWriter WriteSignature(string value)
    {
        WriteByte((byte)value.Length);
        _bytes.Write(Encoding.ASCII.GetBytes(value));
        return WriteByte(0);
    }

    /// <summary>An array of strings: <c>as</c>.</summary>
    public DBusWriter WriteStrings(IEnumerable<string> values)
    {
        var elements = new DBusWriter();
        foreach (string value in values)
        {
            elements.WriteString(value);
        }

        // Every element begins at a multiple of four, and so does the array's content: alignment is the same in both buffers.
        WriteUInt32((uint)elements.Written.Length);
        return WriteRaw(elements.Written);
    }

    public DBusWriter WriteRaw(ReadOnlySpan<byte> bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    public DBusWriter Align(int to)
    {
        int padding = -_bytes.WrittenCount & (to - 1);
        _bytes.GetSpan(padding + 1)[..padding].Clear();
        _bytes.Advance(padding);
        return this;
    }
}
