using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server;

public sealed partial class EtcdServer
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "etcdserver: name = {Name}, data dir = {Directory}, member {Id} of cluster {Cluster}")]
    private static partial void LogIdentity(ILogger logger, string name, string directory, string id, string cluster);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "etcdserver: recovered store at index {Index} from a snapshot and {Entries} log entries")]
    private static partial void LogRecovered(ILogger logger, ulong index, int entries);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "wal: the last batch was torn by a crash and cut off; nobody was told of it. The file as it was: {File}")]
    private static partial void LogTorn(ILogger logger, string file);

    [LoggerMessage(EventId = 5, Level = LogLevel.Information, Message = "etcdserver: stopped")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(EventId = 7, Level = LogLevel.Error, Message = "etcdserver: the member has been permanently removed from the cluster; the data-dir used by this member must be removed.")]
    private static partial void LogRemoved(ILogger logger);

    [LoggerMessage(EventId = 6, Level = LogLevel.Critical, Message = "etcdserver: the member cannot go on")]
    private static partial void LogFailed(ILogger logger, Exception cause);
}
