namespace Coreutil.Raft;

/// <summary>What the core must know of a snapshot: the last entry it covers, and who the members were then (Raft §7, thesis §5.1).</summary>
public sealed record SnapshotMetadata(LogPosition Position, MemberSet Members)
{
    public static SnapshotMetadata Empty { get; } = new(default, MemberSet.Empty);

    public ulong Index => Position.Index;
}
