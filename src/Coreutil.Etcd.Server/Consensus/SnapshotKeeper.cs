using Coreutil.Etcd.Server.Store;
using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>
/// Writes a snapshot every so many applied entries, from a view that no longer changes, on a task of its own: applying never stops.
/// Says which entries are no longer needed once the file is on the disk.
/// </summary>
internal sealed class SnapshotKeeper(string directory, ulong snapshotCount, int maximumFiles, ulong coveredIndex)
{
    private ulong _startedIndex = coveredIndex;
    private Task? _writing;

    /// <summary>Starts a snapshot when one is due; the index covered when one was finished since the last call.</summary>
    public ulong? KeepUp(StoreView view, LogPosition applied)
    {
        if (_writing is { IsCompleted: true } finished)
        {
            _writing = null;
            // A disk that takes no snapshot will not take the log for long either.
            finished.GetAwaiter().GetResult();
            return _startedIndex;
        }

        if (_writing is null && applied.Index - _startedIndex >= snapshotCount)
        {
            _startedIndex = applied.Index;
            _writing = Task.Run(() => Write(applied, view));
        }

        return null;
    }

    /// <summary>Waits for a snapshot being written, so that a clean stop leaves no temporary file.</summary>
    public async Task StopAsync() => await (_writing ?? Task.CompletedTask);

    private void Write(LogPosition position, StoreView view)
    {
        SnapshotFile.Write(directory, position, view);
        if (maximumFiles > 0)
        {
            foreach (string old in Directory.EnumerateFiles(directory, "*" + SnapshotFile.Extension).OrderDescending(StringComparer.Ordinal).Skip(maximumFiles))
            {
                File.Delete(old);
            }
        }
    }
}
