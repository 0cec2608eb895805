using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Coreutil.Core.Net;

/// <summary>Where a service answers (RFC 2782).</summary>
public sealed record SrvRecord(string Target, int Port, int Priority, int Weight);

/// <summary>As much of RFC 1035 as a look-up of SRV records needs.</summary>
internal static class DnsMessage
{
    private const int HeaderSize = 12;
    private const ushort Srv = 33;
    private const ushort Internet = 1;
    private const ushort RecursionDesired = 0x0100;
    private const ushort Truncated = 0x0200;
    private const int LongestLabel = 63;

    public static byte[] Query(ushort id, string name)
    {
        var message = new List<byte>();
        foreach (ushort field in (ushort[])[id, RecursionDesired, 1, 0, 0, 0])
        {
            Add(message, field);
        }

        foreach (string label in name.TrimEnd('.').Split('.'))
        {
            byte[] bytes = Encoding.ASCII.GetBytes(label);
            if (bytes.Length is 0 or > LongestLabel)
            {
                throw new FormatException($"{name} is no domain name");
            }

            message.Add((byte)bytes.Length);
            message.AddRange(bytes);
        }

        message.Add(0);
        Add(message, Srv);
        Add(message, Internet);
        return [.. message];
    }

    /// <summary>What a reply says; null when it is none to the query with this number.</summary>
    public static DnsAnswer? Read(ReadOnlySpan<byte> reply, ushort id)
    {
        if (reply.Length < HeaderSize || Number(reply, 0) != id || (reply[2] & 0x80) == 0)
        {
            return null;
        }

        try
        {
            int position = HeaderSize;
            for (int questions = Number(reply, 4); questions > 0; questions--)
            {
                position = SkipName(reply, position) + 4;
            }

            var records = ImmutableArray.CreateBuilder<SrvRecord>();
            for (int answers = Number(reply, 6); answers > 0; answers--)
            {
                position = SkipName(reply, position);
                int type = Number(reply, position);
                int length = Number(reply, position + 8);
                position += 10;
                if (type == Srv)
                {
                    records.Add(new(NameAt(reply, position + 6), Number(reply, position + 4), Number(reply, position), Number(reply, position + 2)));
                }

                position += length;
            }

            return new DnsAnswer(reply[3] & 0x0f, (Number(reply, 2) & Truncated) != 0, records.ToImmutable());
        }
        catch (ArgumentOutOfRangeException)
        {
            // A reply that ends in the middle of a record.
            return null;
        }
    }

    private static ushort Number(ReadOnlySpan<byte> message, int position) => BinaryPrimitives.ReadUInt16BigEndian(message.Slice(position, 2));

    private static int SkipName(ReadOnlySpan<byte> message, int position)
    {
        while (message.Slice(position, 1)[0] is var length and not 0)
        {
            if (length >= 0xc0)
            {
                return position + 2;
            }

            position += 1 + length;
        }

        return position + 1;
    }

    /// <summary>A name with its pointers followed; more of them than labels can be is a loop.</summary>
    private static string NameAt(ReadOnlySpan<byte> message, int position)
    {
        var name = new StringBuilder();
        for (int steps = 0; message.Slice(position, 1)[0] is var length and not 0; steps++)
        {
            if (steps > 128)
            {
                throw new ArgumentOutOfRangeException(nameof(position));
            }

            if (length >= 0xc0)
            {
                position = Number(message, position) & 0x3fff;
                continue;
            }

            name.Append(name.Length == 0 ? "" : ".").Append(Encoding.ASCII.GetString(message.Slice(position + 1, length)));
            position += 1 + length;
        }

        return name.ToString();
    }

    private static void Add(List<byte> message, ushort field)
    {
        message.Add((byte)(field >> 8));
        message.Add((byte)field);
    }
}

/// <param name="Code">RFC 1035's response code: 0 success, 3 no such name.</param>
internal sealed record DnsAnswer(int Code, bool IsTruncated, ImmutableArray<SrvRecord> Records);
