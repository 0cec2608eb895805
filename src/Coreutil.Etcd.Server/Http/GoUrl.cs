using System.Buffers;
using System.Globalization;
using System.Text;
using Coreutil.Etcd.Api;
using Coreutil.Core.CommandLine;

namespace Coreutil.Etcd.Server.Http;

/// <summary>Escapes and paths as Go's net/url and net/http treat them.</summary>
internal static class GoUrl
{
    private static readonly SearchValues<byte> _plainInPath =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@"u8);

    public static bool TryUnescape(ReadOnlySpan<byte> text, bool plusIsSpace, out string value, out string failure)
    {
        (value, failure) = ("", "");
        byte[] bytes = new byte[text.Length];
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                bytes[length++] = plusIsSpace && text[i] == '+' ? (byte)' ' : text[i];
                continue;
            }

            if (i + 2 >= text.Length || !char.IsAsciiHexDigit((char)text[i + 1]) || !char.IsAsciiHexDigit((char)text[i + 2]))
            {
                failure = $"invalid URL escape {GoQuote.Quote(RawText.Decode(text.Slice(i, Math.Min(3, text.Length - i))))}";
                return false;
            }

            bytes[length++] = byte.Parse(text.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            i += 2;
        }

        value = RawText.Decode(bytes.AsSpan(0, length));
        return true;
    }

    public static string EscapePath(string path)
    {
        var escaped = new StringBuilder(path.Length);
        foreach (byte b in RawText.Encode(path))
        {
            if (_plainInPath.Contains(b))
            {
                escaped.Append((char)b);
            }
            else
            {
                escaped.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
            }
        }

        return escaped.ToString();
    }

    /// <summary>No empty, <c>.</c> or <c>..</c> components; a trailing slash stays.</summary>
    public static string CleanPath(string path)
    {
        if (path.StartsWith('/') && !path.Contains("//", StringComparison.Ordinal) && !path.Contains("/.", StringComparison.Ordinal))
        {
            return path;
        }

        var components = new List<string>();
        foreach (string component in path.Split('/'))
        {
            if (component == "..")
            {
                components.RemoveRange(Math.Max(0, components.Count - 1), Math.Min(1, components.Count));
            }
            else if (component is not ("" or "."))
            {
                components.Add(component);
            }
        }

        string clean = "/" + string.Join('/', components);
        return path.EndsWith('/') && clean != "/" ? clean + "/" : clean;
    }
}
