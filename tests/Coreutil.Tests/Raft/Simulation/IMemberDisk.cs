using System.Collections.Immutable;
using Coreutil.Raft;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>What a member writes with one sync.</summary>
internal sealed record DiskBatch(RegisterSnapshot? Installed, HardState? State, ImmutableArray<Entry> Entries);

internal sealed record DiskContent(HardState State, RegisterSnapshot Snapshot, IReadOnlyList<Entry> Entries);

/// <summary>A disk that loses at a crash what was not synced.</summary>
internal interface IMemberDisk
{
    RegisterSnapshot Snapshot { get; }

    /// <summary>What a first member has before it starts.</summary>
    void Format((HardState State, ImmutableArray<Entry> Entries) bootstrap)
    {
        Recover();
        Write(new DiskBatch(null, bootstrap.State, bootstrap.Entries));
        Sync();
    }

    /// <summary>Written, and lost by a crash.</summary>
    void Write(DiskBatch batch);

    /// <summary>All that was written is safe.</summary>
    void Sync();

    /// <summary>A snapshot of the member's own state machine, safe at once.</summary>
    void Save(RegisterSnapshot snapshot);

    /// <summary>What was written and not synced may be there, or not, or in part.</summary>
    void Crash(SeededRandom random);

    DiskContent Recover();

    /// <summary>Whether the entry, or a snapshot that covers it, would survive a crash now.</summary>
    bool IsDurable(LogPosition position);
}
