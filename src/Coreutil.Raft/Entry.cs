namespace Coreutil.Raft;

public enum EntryKind : byte
{
    /// <summary>A command of the state machine above.</summary>
    Command = 1,

    /// <summary>The empty entry by which a new leader commits what earlier terms left (Raft §8).</summary>
    LeaderStart = 2,
}

/// <summary>One entry of the replicated log. The core never looks into the payload.</summary>
public sealed record Entry(ulong Index, ulong Term, EntryKind Kind, ReadOnlyMemory<byte> Payload)
{
    public LogPosition Position => new(Term, Index);
}
