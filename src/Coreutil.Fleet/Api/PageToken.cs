using System.Buffers.Binary;

namespace Coreutil.Fleet.Api;

/// <summary>Where a list goes on: limit and page, two little-endian numbers in URL-safe base64.</summary>
public readonly record struct PageToken(int Limit, int Page)
{
    public static PageToken First(int limit) => new(limit, 1);

    public override string ToString()
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)Limit);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), (ushort)Page);
        return Convert.ToBase64String(bytes).Replace('+', '-').Replace('/', '_');
    }

    /// <summary>Reads a client's token; the refusal is the original's text.</summary>
    public static (PageToken Token, string? Refusal) Parse(string text, int limit)
    {
        byte[] bytes = new byte[4];
        if (!IsBase64(text, out int bad))
        {
            return (default, $"illegal base64 data at input byte {bad}");
        }

        if (!Convert.TryFromBase64String(text.Replace('-', '+').Replace('_', '/'), bytes, out int length) || length != 4)
        {
            return (default, "illegal base64 data at input byte 0");
        }

        var token = new PageToken(BinaryPrimitives.ReadUInt16LittleEndian(bytes), BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2)));
        return token switch
        {
            { Limit: var other } when other != limit => (token, $"token limit must be {limit}"),
            { Page: 0 } => (token, "token page must be greater than zero"),
            _ => (token, null),
        };
    }

    /// <summary>This page's items. A full page always has a successor, even when that is empty, as with the original.</summary>
    public (List<T> Items, string? Next) Take<T>(IEnumerable<T> all)
    {
        List<T> items = [.. all.Skip((Page - 1) * Limit).Take(Limit)];
        return (items, items.Count == Limit && Page < ushort.MaxValue ? new PageToken(Limit, Page + 1).ToString() : null);
    }

    private static bool IsBase64(string text, out int bad)
    {
        bad = text.AsSpan().TrimEnd('=').IndexOfAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
        return bad < 0;
    }
}
