using System.Buffers;
using System.Text;

namespace Coreutil.Etcd.Api;

/// <summary>
/// Text that may hold any bytes, as Go's strings do: a byte that is no UTF-8 becomes the lone surrogate U+DC00 + byte, and turns back into that byte.
/// The store so keeps and compares exactly what a client sent.
/// </summary>
public static class RawText
{
    private const int Escape = 0xDC00;

    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out int consumed) == OperationStatus.Done)
            {
                text.Append(rune.ToString());
            }
            else
            {
                // Go replaces byte by byte, not sequence by sequence.
                consumed = 1;
                text.Append((char)(Escape + bytes[0]));
            }

            bytes = bytes[consumed..];
        }

        return text.ToString();
    }

    public static byte[] Encode(string text)
    {
        var bytes = new ArrayBufferWriter<byte>(text.Length + 8);
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            int bad = IndexOfEscape(rest);
            var plain = bad < 0 ? rest : rest[..bad];
            int written = Encoding.UTF8.GetBytes(plain, bytes.GetSpan(Encoding.UTF8.GetMaxByteCount(plain.Length)));
            bytes.Advance(written);
            rest = rest[plain.Length..];
            if (!rest.IsEmpty)
            {
                bytes.GetSpan(1)[0] = (byte)(rest[0] - Escape);
                bytes.Advance(1);
                rest = rest[1..];
            }
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static int IndexOfEscape(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]))
            {
                i++;
            }
            else if (char.IsLowSurrogate(text[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
