using System.Collections.Immutable;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Consensus;
using Coreutil.Etcd.Server.Http;
using Coreutil.Etcd.Server.Store;
using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>
/// <c>--force-new-cluster</c>: the data goes on as a new cluster of this member alone, under ids that no cluster had, so that nobody of the old one can
/// join it. All that the log holds is kept, what may not have been committed too: nothing that was acknowledged may be missing.
/// </summary>
internal static partial class ForcedCluster
{
    public static void Make(DataDirectory data, EtcdConfig config, ILogger logger)
    {
        var snapshot = SnapshotFile.ReadNewest(data.SnapshotPath) ?? StoreSnapshot.Empty;
        using var oldDirectory = new WalDirectory(data.WalPath);
        var (log, content) = WriteAheadLog.Open(oldDirectory, "", snapshot.Position);
        var old = MemberIdentity.Parse(log.Writer);
        var applier = new EntryApplier(new KeyStore(snapshot.View), new WatcherHub(StoreSnapshot.HistoryWindow, snapshot.HistoryStartsAfter, snapshot.History), new StoreStatistics());
        foreach (var entry in content.Entries)
        {
            applier.Apply(entry);
        }

        var members = Cluster.Members(applier.Store.View);
        if (members.Length == 1 && members[0].Id == old.Member)
        {
            return;
        }

        var identity = MemberIdentity.Random();
        ImmutableArray<string> peerUrls = [.. config.InitialAdvertisePeerUrls.Select(Listeners.Text)];
        ReplaceMembers(applier, members, identity.Member, peerUrls);
        var last = content.Entries.Count > 0 ? content.Entries[^1].Position : snapshot.Position;
        SnapshotFile.Write(data.SnapshotPath, applier.TakeSnapshot(last));
        WriteLog(data.WalPath, identity, new HardState(Math.Max(content.State.Term, last.Term), null, last.Index), last);
        LogMade(logger, old.Cluster.ToString("x", System.Globalization.CultureInfo.InvariantCulture), identity.ToString(), members.Length, data.WalPath + DataDirectory.SetAside);
    }

    private static void ReplaceMembers(EntryApplier applier, ImmutableArray<Member> members, ulong id, ImmutableArray<string> peerUrls)
    {
        var changes = members.Select(member => new MembershipRecord(default, MembershipChangeKind.Remove, member.Id, []))
            .Append(new MembershipRecord(default, MembershipChangeKind.AddVoter, id, peerUrls));
        foreach (var command in changes.SelectMany(change => Cluster.Commands(change, DateTimeOffset.UnixEpoch)).ToImmutableArray<StoreCommand>())
        {
            foreach (var occurred in applier.Store.Apply(command).Events)
            {
                applier.Watchers.Publish(occurred);
            }
        }
    }

    private static void WriteLog(string path, MemberIdentity identity, HardState state, LogPosition last)
    {
        string staged = path + ".new";
        if (Directory.Exists(staged))
        {
            Directory.Delete(staged, recursive: true);
        }

        Directory.CreateDirectory(staged, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using (var directory = new WalDirectory(staged))
        {
            var (log, _) = WriteAheadLog.Open(directory, identity.ToString(), last);
            log.Append(state, []);
        }

        if (Directory.Exists(path + DataDirectory.SetAside))
        {
            Directory.Delete(path + DataDirectory.SetAside, recursive: true);
        }

        Directory.Move(path, path + DataDirectory.SetAside);
        Directory.Move(staged, path);
        WalDirectory.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    [LoggerMessage(EventId = 12, Level = LogLevel.Warning, Message = "etcdserver: forced a new cluster out of {Old}: member and cluster {Identity}, {Count} members left behind; the old log is kept as {Kept}")]
    private static partial void LogMade(ILogger logger, string old, string identity, int count, string kept);
}
