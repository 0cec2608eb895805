using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;
using Coreutil.Tests.Etcd.Server.Wal;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>The real write-ahead log on sectors in memory: slower, and the log's own recovery is part of what is tested.</summary>
internal sealed class WalDisk : IMemberDisk
{
    private const int SegmentSize = 8192;
    private readonly Queue<DiskBatch> _unsynced = [];
    private MemoryWalDirectory _directory = new();
    private WriteAheadLog? _log;

    public RegisterSnapshot Snapshot { get; private set; } = RegisterSnapshot.Empty;

    public void Write(DiskBatch batch) => _unsynced.Enqueue(batch);

    public void Sync()
    {
        while (_unsynced.TryDequeue(out var batch))
        {
            Append(batch);
        }
    }

    public void Save(RegisterSnapshot snapshot)
    {
        Snapshot = snapshot;
        Log.DeleteThrough(snapshot.Metadata.Index);
    }

    /// <summary>The power goes in one of the syncs of the batch being written; of what that one had each sector is there or not.</summary>
    public void Crash(SeededRandom random)
    {
        if (_unsynced.TryDequeue(out var batch) && random.Chance(70))
        {
            Snapshot = batch.Installed ?? Snapshot;
            if (random.Chance(70))
            {
                _directory.SyncsUntilPowerLoss = random.Next(3);
                Append(batch);
                _directory = _directory.AfterTornWrite(WalBatch.Sector, () => random.Chance(60));
            }
        }

        _unsynced.Clear();
        _log = null;
        _directory = _directory.AfterCrash();
    }

    public DiskContent Recover()
    {
        var (log, content) = WriteAheadLog.Open(_directory, "a/b", Snapshot.Metadata.Position, SegmentSize);
        _log = log;
        return new DiskContent(content.State, Snapshot, content.Entries);
    }

    public bool IsDurable(LogPosition position) =>
        position.Index <= Snapshot.Metadata.Index
        || WriteAheadLog.Open(_directory.AfterCrash(), "a/b", Snapshot.Metadata.Position, SegmentSize).Content.Entries.Any(entry => entry.Position == position);

    private WriteAheadLog Log => _log ?? throw new InvalidOperationException("the disk is not recovered");

    private void Append(DiskBatch batch)
    {
        Snapshot = batch.Installed ?? Snapshot;
        Log.Append(batch.State, batch.Entries, batch.Installed?.Metadata.Position);
    }
}
