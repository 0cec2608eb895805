using Coreutil.Raft;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>A disk on lists: fast. A lying one remembers its batches, so that it can lose synced ones.</summary>
internal sealed class RecordDisk(Mistake mistake, bool isLying) : IMemberDisk
{
    private readonly Queue<DiskBatch> _unsynced = [];
    private readonly List<DiskBatch> _synced = [];
    private DiskImage _image = new(mistake);

    public RegisterSnapshot Snapshot => _image.Snapshot;

    public void Write(DiskBatch batch) => _unsynced.Enqueue(batch);

    public void Sync()
    {
        while (_unsynced.TryDequeue(out var batch))
        {
            Take(batch);
        }
    }

    public void Save(RegisterSnapshot snapshot) => _image.Save(snapshot, trims: snapshot.Metadata.Index % 2 == 0);

    public void Crash(SeededRandom random)
    {
        while (_unsynced.TryDequeue(out var batch) && random.Chance(50))
        {
            if (batch.Installed is { } installed && random.Chance(50))
            {
                _image.Install(installed);
                break;
            }

            Take(batch);
        }

        _unsynced.Clear();
    }

    public DiskContent Recover() => _image.Recover();

    public bool IsDurable(LogPosition position) => _image.Has(position);

    /// <summary>
    /// Loses the last synced batches, if that is a lie that a cluster can bear: no term, no vote, and only entries that a majority of the
    /// other disks has. Returns how many batches went.
    /// </summary>
    public int Lie(int most, Func<LogPosition, bool> isSafeElsewhere)
    {
        for (int lost = Math.Min(most, _synced.Count); lost > 0; lost--)
        {
            var earlier = new DiskImage(mistake);
            foreach (var batch in _synced[..^lost])
            {
                earlier.Apply(batch);
            }

            var snapshot = _image.Snapshot;
            earlier.Save(snapshot, trims: true);
            var gone = _image.Recover().Entries.Except(earlier.Recover().Entries);
            if (earlier.State.Term == _image.State.Term && earlier.State.VotedFor == _image.State.VotedFor && gone.All(entry => isSafeElsewhere(entry.Position)))
            {
                _image = earlier;
                _synced.RemoveRange(_synced.Count - lost, lost);
                return lost;
            }
        }

        return 0;
    }

    private void Take(DiskBatch batch)
    {
        _image.Apply(batch);
        if (isLying)
        {
            _synced.Add(batch);
        }
    }
}
