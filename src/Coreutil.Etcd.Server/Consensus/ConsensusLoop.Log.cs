using Coreutil.Etcd.Server.Membership;
using Coreutil.Raft;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Consensus;

internal sealed partial class ConsensusLoop
{
    [LoggerMessage(EventId = 80, Level = LogLevel.Information, Message = "raft: {Id} knows leader {Leader} at term {Term}")]
    private static partial void LogLeader(ILogger logger, NodeId id, string leader, ulong term);

    [LoggerMessage(EventId = 81, Level = LogLevel.Information, Message = "etcdserver: membership changed: {Change}")]
    private static partial void LogChanged(ILogger logger, MembershipRecord change);

    [LoggerMessage(EventId = 82, Level = LogLevel.Information, Message = "etcdserver: installed a snapshot of the leader at index {Index}")]
    private static partial void LogInstalled(ILogger logger, ulong index);

    [LoggerMessage(EventId = 84, Level = LogLevel.Warning, Message = "wal: a sync took {Took} ms, with an election timeout of {Election} ms: the disk is too slow for it; use a faster one, keep other load off it, or raise --election-timeout")]
    private static partial void LogSlowDisk(ILogger logger, long took, long election);

    [LoggerMessage(EventId = 83, Level = LogLevel.Warning, Message = "etcdserver: no leader is known: ended {Count} watches, which would hear of nothing")]
    private static partial void LogWatchesEnded(ILogger logger, int count);

    [LoggerMessage(EventId = 8, Level = LogLevel.Warning, Message = "etcdserver: handing leadership over to {Heir}: {Reason}")]
    private static partial void LogHandingOver(ILogger logger, NodeId heir, string reason);
}
