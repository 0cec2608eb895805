using Coreutil.Etcd.Server.Metrics;
using Coreutil.Etcd.Server.Store;
using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>How often snapshots are written, and what is kept of them and of the log they cover; 0 keeps all.</summary>
internal sealed record SnapshotPolicy(ulong Count, int SnapshotsKept, int SegmentsKept);

/// <summary>
/// Writes a snapshot every so many applied entries, from a view that no longer changes, on a task of its own: applying never stops.
/// Says which entries are no longer needed once the file is on the disk.
/// </summary>
internal sealed partial class SnapshotKeeper(string directory, SnapshotPolicy policy, ulong coveredIndex, MemberMetrics metrics, TimeProvider time, ILogger logger)
{
    private ulong _coveredIndex = coveredIndex;
    private ulong _dueIndex = coveredIndex + policy.Count;
    private Task<SnapshotMetadata?> _writing = Task.FromResult<SnapshotMetadata?>(null);

    public int SegmentsKept => policy.SegmentsKept > 0 ? policy.SegmentsKept : int.MaxValue;

    /// <summary>Starts a snapshot when one is due; what is covered when one was finished since the last call.</summary>
    public SnapshotMetadata? KeepUp(SnapshotMetadata applied, Func<LogPosition, StoreSnapshot> take)
    {
        if (!_writing.IsCompleted)
        {
            return null;
        }

        var written = _writing.GetAwaiter().GetResult();
        bool isNews = written is not null && written.Index > _coveredIndex;
        _coveredIndex = Math.Max(written?.Index ?? 0, _coveredIndex);
        if (applied.Index >= _dueIndex)
        {
            // Also after a failure: the next attempt comes after as many entries, the log keeps them all until then.
            _dueIndex = applied.Index + policy.Count;
            var snapshot = take(applied.Position);
            _writing = Task.Run(() => Write(snapshot) ? applied : null);
        }

        return isNews ? written : null;
    }

    public string PathOf(LogPosition position) => Path.Combine(directory, SnapshotFile.NameOf(position));

    /// <summary>The snapshot that was just installed under its name.</summary>
    public StoreSnapshot Read(LogPosition position)
    {
        var snapshot = SnapshotFile.Read(PathOf(position)) ?? throw new WalException($"{PathOf(position)} was whole when it came and is not any more: the disk loses data");
        _coveredIndex = position.Index;
        _dueIndex = position.Index + policy.Count;
        return snapshot;
    }

    /// <summary>Waits for a snapshot being written, so that a clean stop leaves no temporary file.</summary>
    public Task StopAsync() => _writing;

    /// <summary>False when the disk did not take it.</summary>
    private bool Write(StoreSnapshot snapshot)
    {
        try
        {
            long started = time.GetTimestamp();
            SnapshotFile.Write(directory, snapshot);
            metrics.SnapshotSave.Observe(time.GetElapsedTime(started));
            LogWritten(logger, snapshot.Position.Index);
            foreach (string old in policy.SnapshotsKept > 0 ? SnapshotFile.Files(directory).Skip(policy.SnapshotsKept).ToArray() : [])
            {
                File.Delete(old);
            }

            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(logger, directory, failure.Message);
            return false;
        }
    }

    [LoggerMessage(EventId = 20, Level = LogLevel.Information, Message = "etcdserver: saved snapshot at index {Index}")]
    private static partial void LogWritten(ILogger logger, ulong index);

    [LoggerMessage(EventId = 21, Level = LogLevel.Error, Message = "etcdserver: cannot save a snapshot in {Directory}: {Cause}. The log goes on and is kept; make room")]
    private static partial void LogNotWritten(ILogger logger, string directory, string cause);
}
