using System.Collections.Immutable;
using Coreutil.Etcd.Server.Membership;
using Coreutil.Etcd.Server.Store;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server;

/// <summary>Writes down once, as soon as there is a leader, what the cluster is to know of this member; and as the leader the cluster's version.</summary>
internal sealed partial class MemberAnnouncer(MemberContext member)
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    public async Task RunAsync(CancellationToken cancel)
    {
        for (bool isDone = false; !isDone; isDone = await AnnounceAsync(cancel))
        {
            while (!member.Loop.Status.HasLeader)
            {
                await Task.Delay(_pause, member.Time, cancel);
            }
        }
    }

    private async Task<bool> AnnounceAsync(CancellationToken cancel)
    {
        var view = member.Store.View;
        if (Cluster.Members(view).All(known => known.Id != member.Self.Id))
        {
            // Joining: the log that says we are one has not come yet, or says that we are none any more.
            await Task.Delay(_pause, member.Time, cancel);
            return Cluster.IsRemoved(view, member.Self.Id);
        }

        foreach (var command in Cluster.Announcements(view, member.Self, member.Loop.Status.IsLeader, member.Time.GetUtcNow()).ToImmutableArray<StoreCommand>())
        {
            var result = await member.Loop.ProposeAsync(command, cancel);
            if (result.Outcome.Refusal is { } refusal)
            {
                LogNotAnnounced(member.Log, refusal.Cause);
                await Task.Delay(_pause, member.Time, cancel);
                return false;
            }
        }

        LogAnnounced(member.Log, member.Self.Name, string.Join(' ', member.Self.ClientUrls), member.ClusterIdText);
        // The version is the leader's to write, and leaders change until one has.
        while (Cluster.VersionOf(member.Store.View) is null)
        {
            await Task.Delay(_pause, member.Time, cancel);
            if (member.Loop.Status.IsLeader)
            {
                return false;
            }
        }

        return true;
    }

    [LoggerMessage(EventId = 10, Level = LogLevel.Information, Message = "etcdserver: published {{Name:{Name} ClientURLs:[{Urls}]}} to cluster {Cluster}")]
    private static partial void LogAnnounced(ILogger logger, string name, string urls, string cluster);

    [LoggerMessage(EventId = 11, Level = LogLevel.Warning, Message = "etcdserver: cannot publish this member's attributes yet: {Cause}")]
    private static partial void LogNotAnnounced(ILogger logger, string cause);
}
