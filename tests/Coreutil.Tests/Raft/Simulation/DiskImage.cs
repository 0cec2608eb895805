using Coreutil.Raft;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>The state that batches leave: the rules of src/Coreutil.Etcd.Server/Wal/README.md on lists instead of bytes.</summary>
internal sealed class DiskImage(Mistake mistake)
{
    private readonly List<Entry> _entries = [];

    public HardState State { get; private set; } = HardState.Initial;

    public RegisterSnapshot Snapshot { get; private set; } = RegisterSnapshot.Empty;

    public void Apply(DiskBatch batch)
    {
        if (batch.Installed is { } installed)
        {
            Install(installed);
            if (mistake != Mistake.KeepEntriesUnderAnInstalledSnapshot)
            {
                _entries.Clear();
            }
        }

        if (batch.State is { } state)
        {
            State = mistake switch
            {
                Mistake.ForgetTheVote => state with { VotedFor = null },
                Mistake.ForgetTheTerm when batch.Entries.IsEmpty => State,
                _ => state,
            };
        }

        foreach (var entry in batch.Entries)
        {
            int at = _entries.FindLastIndex(held => held.Index <= entry.Index);
            if (at >= 0 && _entries[at].Index == entry.Index)
            {
                if (mistake == Mistake.KeepWhatFollowedAReplacedEntry)
                {
                    _entries[at] = entry;
                    continue;
                }

                _entries.RemoveRange(at, _entries.Count - at);
            }

            _entries.Add(entry);
        }
    }

    /// <summary>The file of an installed snapshot comes before the record of it: a crash may fall between them.</summary>
    public void Install(RegisterSnapshot snapshot) => Snapshot = snapshot;

    /// <summary>A snapshot of the own state machine: older segments may go, or stay a while.</summary>
    public void Save(RegisterSnapshot snapshot, bool trims)
    {
        Snapshot = snapshot;
        if (trims)
        {
            _entries.RemoveAll(entry => entry.Index <= snapshot.Metadata.Index);
        }
    }

    public DiskContent Recover()
    {
        var position = Snapshot.Metadata.Position;
        if (mistake != Mistake.KeepEntriesUnderAnInstalledSnapshot && _entries.Exists(entry => entry.Index == position.Index && entry.Term != position.Term))
        {
            _entries.Clear();
        }

        return new DiskContent(State, Snapshot, [.. _entries.Where(entry => entry.Index > position.Index)]);
    }

    public bool Has(LogPosition position) =>
        position.Index <= Snapshot.Metadata.Index || _entries.Exists(entry => entry.Position == position);
}
