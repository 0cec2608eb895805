using Coreutil.Etcd.Server.Membership;
using Coreutil.Etcd.Server.Store;
using Coreutil.Etcd.Server.Wal;

namespace Coreutil.Etcd.Server;

/// <summary>
/// Copies a data directory of this etcd, of a running member too: the log first, then the snapshots, so that the copy lacks no entry. Every byte that
/// is copied is checked. The copy gets ids that no cluster had: an old state of a member must never come back to the others as that member.
/// </summary>
public static class DataDirectoryBackup
{
    private const int Attempts = 3;
    private const string SegmentPattern = "*.wal";

    /// <exception cref="EtcdStartException">What cannot be copied, and why.</exception>
    public static void Copy(string dataDirectory, string walDirectory, string backupDirectory, string backupWalDirectory)
    {
        string snapshots = Path.Combine(dataDirectory, "member", "snap");
        string segments = WalOf(dataDirectory, walDirectory);
        string segmentsCopy = WalOf(backupDirectory, backupWalDirectory);
        string snapshotsCopy = Path.Combine(backupDirectory, "member", "snap");
        try
        {
            Prepare(segmentsCopy);
            Prepare(snapshotsCopy);
            for (int attempt = 1; !TryCopy(segments, snapshots, segmentsCopy, snapshotsCopy); attempt++)
            {
                foreach (string begun in Directory.EnumerateFiles(segmentsCopy))
                {
                    File.Delete(begun);
                }

                if (attempt == Attempts)
                {
                    throw new EtcdStartException($"cannot back up {dataDirectory}: its member drops segments of the log faster than they can be copied");
                }
            }

            GiveNewIds(segmentsCopy, snapshotsCopy);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new EtcdStartException($"cannot back up {dataDirectory} to {backupDirectory}: {failure.Message}", failure);
        }
    }

    /// <summary>False where the member dropped a segment meanwhile, because a new snapshot covers it.</summary>
    private static bool TryCopy(string segments, string snapshots, string segmentsCopy, string snapshotsCopy)
    {
        string[] names = [.. Directory.GetFiles(segments, SegmentPattern).Order(StringComparer.Ordinal)];
        if (names.Length == 0)
        {
            throw new IOException($"{segments} holds no log");
        }

        uint crc = 0;
        foreach (string name in names)
        {
            byte[] bytes;
            try
            {
                bytes = File.ReadAllBytes(name);
            }
            catch (FileNotFoundException)
            {
                return false;
            }

            crc = name == names[0] ? WalBatch.ChainStart(bytes) : crc;
            int length = LengthOf(name, bytes, ref crc);
            Write(Path.Combine(segmentsCopy, Path.GetFileName(name)), bytes.AsSpan(0, length));
        }

        foreach (string name in Directory.GetFiles(snapshots, "*" + SnapshotFile.Extension))
        {
            byte[] bytes = File.ReadAllBytes(name);
            if (SnapshotFile.IsWhole(bytes))
            {
                Write(Path.Combine(snapshotsCopy, Path.GetFileName(name)), bytes);
            }
        }

        WalDirectory.SyncDirectory(segmentsCopy);
        WalDirectory.SyncDirectory(snapshotsCopy);
        return true;
    }

    private static void GiveNewIds(string segments, string snapshots)
    {
        var covered = (SnapshotFile.ReadNewest(snapshots) ?? StoreSnapshot.Empty).Position;
        using var copied = new WalDirectory(segments);
        var (_, content) = WriteAheadLog.Open(copied, "", covered);
        string staged = segments + ".new";
        Prepare(staged);
        using (var directory = new WalDirectory(staged))
        {
            var (log, _) = WriteAheadLog.Open(directory, MemberIdentity.Random() + MemberIdentity.OfBackup, covered);
            log.Append(content.State, []);
            foreach (var batch in content.Entries.Chunk(1000))
            {
                log.Append(null, batch);
            }
        }

        Directory.Delete(segments, recursive: true);
        Directory.Move(staged, segments);
    }

    /// <summary>How much of a segment is whole batches: a batch that is being written now is not yet acknowledged and is left out.</summary>
    private static int LengthOf(string name, byte[] bytes, ref uint crc)
    {
        int offset = 0;
        for (; ; )
        {
            switch (WalBatch.Read(bytes, offset, ref crc))
            {
                case BatchReading.Good good:
                    offset += good.Size;
                    break;
                case BatchReading.End or BatchReading.Torn:
                    return offset;
                default:
                    throw new IOException(
                        $"{name} is damaged at byte {offset}, or no log of this etcd (a data directory of the original etcd is backed up by the original's etcdctl)");
            }
        }
    }

    private static void Prepare(string directory)
    {
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (string old in Directory.EnumerateFileSystemEntries(directory))
        {
            throw new IOException($"{directory} is not empty: it holds {Path.GetFileName(old)}");
        }
    }

    private static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = new FileStream(
            path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        file.Write(bytes);
        file.Flush(flushToDisk: true);
    }

    private static string WalOf(string dataDirectory, string walDirectory) => walDirectory.Length > 0 ? walDirectory : Path.Combine(dataDirectory, "member", "wal");
}
