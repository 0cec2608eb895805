using Coreutil.Raft;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Peers;

internal sealed partial class Peer
{
    [LoggerMessage(EventId = 90, Level = LogLevel.Information, Message = "rafthttp: the connection with {Id} at {Url} became active")]
    private static partial void LogActive(ILogger logger, NodeId id, string url);

    [LoggerMessage(EventId = 100, Level = LogLevel.Warning, Message = "rafthttp: the clock of {Id} differs by {Seconds:0.0} s from this member's: keys expire by the leader's clock, and jump when the leader changes; run a time service on both machines")]
    private static partial void LogSkew(ILogger logger, NodeId id, double seconds);

    [LoggerMessage(EventId = 91, Level = LogLevel.Warning, Message = "rafthttp: the connection with {Id} at {Url} is inactive: {Cause}")]
    private static partial void LogTrouble(ILogger logger, NodeId id, string url, string cause);

    [LoggerMessage(EventId = 92, Level = LogLevel.Error, Message = "rafthttp: {Id} at {Url} sends what is no message: {Cause}")]
    private static partial void LogMalformed(ILogger logger, NodeId id, string url, string cause);
}
