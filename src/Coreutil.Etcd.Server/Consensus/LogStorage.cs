using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>What the core wants remembered, onto the disk: the log, and the snapshots that the leader sends.</summary>
internal sealed partial class LogStorage(WriteAheadLog log, HardState state, ILogger logger, CancellationToken stopping)
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);
    private HardState _state = state;

    /// <summary>False when the disk has no room for so many bytes of records.</summary>
    public bool TryReserve(int recordBytes) => log.TryReserve(recordBytes);

    /// <exception cref="IOException">There is no room to start with.</exception>
    public Task ReserveAtStartAsync() => log.TryReserve(0)
        ? Task.CompletedTask
        : throw new IOException("no space is left on the disk of the log: make room and start again");

    public void Append(Ready ready) => Append(ready, installed: null);

    /// <summary>
    /// Puts a snapshot that has come in the place of the log. First the term, since the snapshot's may be newer than any on the disk; then the
    /// file under its name; then the record that voids the log before it.
    /// </summary>
    public void Install(Ready ready, string path, string stagedPath)
    {
        if (ready.HardState is { } state && (state.Term, state.VotedFor) != (_state.Term, _state.VotedFor))
        {
            _state = state with { Commit = _state.Commit };
            log.Append(_state, []);
        }

        File.Move(stagedPath, path, overwrite: true);
        WalDirectory.SyncDirectory(Path.GetDirectoryName(path)!);
        Append(ready, ready.Snapshot!.Position);
    }

    public void DeleteThrough(ulong index, int segmentsKept) => log.DeleteThrough(index, segmentsKept);

    private void Append(Ready ready, LogPosition? installed)
    {
        WaitForRoom(ready.Entries.Sum(entry => WalRecord.HeaderSize + entry.Payload.Length));
        log.Append(ready.HardState, ready.Entries, installed);
        _state = ready.HardState ?? _state;
    }

    /// <summary>
    /// What the leader sends must go onto the disk before it is answered: on a full one the member waits, is slow for the others, and serves local
    /// reads meanwhile.
    /// </summary>
    private void WaitForRoom(int recordBytes)
    {
        for (bool isTold = false; !log.TryReserve(recordBytes); isTold = true)
        {
            if (!isTold)
            {
                LogDiskFull(logger);
            }

            if (stopping.WaitHandle.WaitOne(_pause))
            {
                stopping.ThrowIfCancellationRequested();
            }
        }
    }

    [LoggerMessage(EventId = 85, Level = LogLevel.Error, Message = "wal: no space left on the disk of the log: this member takes no part until there is; make room")]
    private static partial void LogDiskFull(ILogger logger);
}
