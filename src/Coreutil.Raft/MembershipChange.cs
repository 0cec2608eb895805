using System.Buffers.Binary;

namespace Coreutil.Raft;

/// <summary>The numbers are part of the formats on disk and wire.</summary>
public enum MembershipChangeKind : byte
{
    /// <summary>A new voter, or a learner that becomes one.</summary>
    AddVoter = 1,

    AddLearner = 2,

    Remove = 3,

    /// <summary>Nothing changes for the core; the context may: addresses, a name.</summary>
    Update = 4,
}

/// <summary>One member comes, goes or changes (thesis §4.1: one at a time).</summary>
/// <param name="Context">What the shell keeps about the member; the core never looks into it.</param>
public sealed record MembershipChange(MembershipChangeKind Kind, NodeId Member, ReadOnlyMemory<byte> Context = default)
{
    private const int HeaderSize = 9;

    /// <summary>As the payload of an entry: kind, member, context.</summary>
    public byte[] Encode()
    {
        byte[] payload = new byte[HeaderSize + Context.Length];
        payload[0] = (byte)Kind;
        BinaryPrimitives.WriteUInt64LittleEndian(payload.AsSpan(1), Member.Value);
        Context.Span.CopyTo(payload.AsSpan(HeaderSize));
        return payload;
    }

    public static MembershipChange Decode(ReadOnlyMemory<byte> payload)
    {
        var span = payload.Span;
        if (span.Length < HeaderSize || span[0] is < (byte)MembershipChangeKind.AddVoter or > (byte)MembershipChangeKind.Update)
        {
            throw new RaftException("an entry of the log is no membership change that this release can read: use the release that wrote it");
        }

        return new((MembershipChangeKind)span[0], new NodeId(BinaryPrimitives.ReadUInt64LittleEndian(span[1..])), payload[HeaderSize..]);
    }
}
