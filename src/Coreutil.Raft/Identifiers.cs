namespace Coreutil.Raft;

/// <summary>A member's identity: never its address, which may change. Written as lower hex without padding.</summary>
public readonly record struct NodeId(ulong Value)
{
    public override string ToString() => Value.ToString("x", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>A place in the log: which entry, and the term of the leader that put it there.</summary>
public readonly record struct LogPosition(ulong Term, ulong Index)
{
    /// <summary>Raft §5.4.1: the later last term wins; in the same term the longer log.</summary>
    public bool IsAtLeast(LogPosition other) => Term != other.Term ? Term > other.Term : Index >= other.Index;
}
