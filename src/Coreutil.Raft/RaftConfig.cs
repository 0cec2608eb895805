namespace Coreutil.Raft;

/// <summary>Who this member is, and its limits. A tick is the shell's to define; all members should use the same.</summary>
public sealed record RaftConfig(NodeId Id)
{
    /// <summary>Ticks without a leader after which a member may campaign; each waits a random time of one to two of these (Raft §5.2).</summary>
    public int ElectionTicks { get; init; } = 10;

    public int HeartbeatTicks { get; init; } = 1;

    /// <summary>Bytes of entries in one Append; a single larger entry is still sent.</summary>
    public int MaximumMessageBytes { get; init; } = 1 << 20;

    /// <summary>Appends on their way to one member.</summary>
    public int MaximumInflightMessages { get; init; } = 256;

    public long MaximumInflightBytes { get; init; } = 32 << 20;

    /// <summary>Bytes of entries that a leader holds uncommitted, or a follower forwards in one turn, before it refuses more.</summary>
    public long MaximumUncommittedBytes { get; init; } = 64 << 20;

    /// <summary>Entries kept behind a snapshot, so that a member that is a little behind needs no snapshot.</summary>
    public ulong EntriesKeptBehindSnapshot { get; init; } = 5000;
}
