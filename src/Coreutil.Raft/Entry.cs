namespace Coreutil.Raft;

/// <summary>What an entry is; the numbers are part of the formats on disk and wire.</summary>
public enum EntryKind : byte
{
    /// <summary>A command of the state machine above.</summary>
    Command = 1,

    /// <summary>The empty entry by which a new leader commits what earlier terms left (Raft §8).</summary>
    LeaderStart = 2,

    /// <summary>The payload is an encoded <see cref="Raft.MembershipChange"/>.</summary>
    MembershipChange = 3,
}

/// <summary>One entry of the replicated log. The core looks only into the payload of a membership change.</summary>
public sealed record Entry(ulong Index, ulong Term, EntryKind Kind, ReadOnlyMemory<byte> Payload)
{
    /// <summary>What an entry takes beside its payload, so that many empty ones are not for nothing.</summary>
    internal const int Overhead = 24;

    public LogPosition Position => new(Term, Index);

    internal long Size => Overhead + Payload.Length;
}

/// <summary>What is to become an entry: it has no place in the log yet.</summary>
public readonly record struct Proposal(EntryKind Kind, ReadOnlyMemory<byte> Payload);
