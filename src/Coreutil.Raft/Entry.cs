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
    public LogPosition Position => new(Term, Index);
}

/// <summary>What is to become an entry: it has no place in the log yet.</summary>
public readonly record struct Proposal(EntryKind Kind, ReadOnlyMemory<byte> Payload);
