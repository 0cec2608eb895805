using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>The ids of a member and its cluster, made once from its first settings and kept in the log (etcd.md §5).</summary>
internal readonly record struct MemberIdentity(ulong Member, ulong Cluster)
{
    /// <summary>Ids that no cluster ever had: what a copy of its data continues under can join none that exists.</summary>
    public static MemberIdentity Random() => new(RandomId(), RandomId());

    /// <summary>Behind the ids in a log that is a copy: it is no member's, until a new cluster is forced out of it.</summary>
    public const string OfBackup = "/backup";

    /// <summary>As <see cref="ToString"/> writes it into the log's segments.</summary>
    public static MemberIdentity Parse(string text)
    {
        string[] ids = text.Split('/');
        return new MemberIdentity(Id(ids[0]), Id(ids[1]));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Member:x}/{Cluster:x}");

    /// <summary>First eight bytes of SHA-1 over the sorted peer URLs and the token; for a member added to a running cluster, over the time too.</summary>
    public static ulong MemberId(IEnumerable<string> peerUrls, string token, DateTimeOffset? added = null) =>
        FirstEight(Encoding.UTF8.GetBytes(
            string.Concat(peerUrls.Order(StringComparer.Ordinal)) + token + added?.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)));

    /// <summary>First eight bytes of SHA-1 over all member ids, sorted, big endian.</summary>
    public static ulong ClusterId(IEnumerable<ulong> memberIds)
    {
        ulong[] sorted = [.. memberIds.Order()];
        byte[] bytes = new byte[sorted.Length * sizeof(ulong)];
        for (int i = 0; i < sorted.Length; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(i * sizeof(ulong)), sorted[i]);
        }

        return FirstEight(bytes);
    }

    private static ulong RandomId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private static ulong Id(string text) => ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

#pragma warning disable CA5350 // An identity rule of the original, not a protection.
    private static ulong FirstEight(byte[] bytes) => BinaryPrimitives.ReadUInt64BigEndian(SHA1.HashData(bytes));
#pragma warning restore CA5350
}
