using System.Collections.Immutable;
using Coreutil.Etcd.Api;
using Coreutil.Raft;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>
/// 0.4's ways, where its settings were set: the leader takes away the place of a member that was lost for <c>removeDelay</c>, or that is beyond
/// <c>activeSize</c>. Whoever loses it stands by, as a proxy that waits for a place.
/// </summary>
internal sealed partial class ActiveSize(MemberContext member)
{
    private readonly Dictionary<ulong, DateTimeOffset> _lostSince = [];

    public async Task RunAsync(CancellationToken cancel)
    {
        for (; ; )
        {
            await Task.Delay(TimeSpan.FromSeconds(AdminConfig.Of(member.Store.View).SyncInterval), member.Time, cancel);
            if (!member.Loop.Status.IsLeader || !AdminConfig.IsSet(member.Store.View))
            {
                _lostSince.Clear();
                continue;
            }

            var members = Cluster.Members(member.Store.View);
            Observe(members);
            if (Surplus(members, AdminConfig.Of(member.Store.View)) is { } surplus)
            {
                LogRemoving(member.Log, surplus.IdText, surplus.Name);
                await member.Loop.ProposeAsync(MembershipChangeKind.Remove, surplus, cancel);
            }
        }
    }

    private void Observe(ImmutableArray<Member> members)
    {
        var now = member.Time.GetUtcNow();
        foreach (var known in members)
        {
            if (IsAvailable(known))
            {
                _lostSince.Remove(known.Id);
            }
            else
            {
                _lostSince.TryAdd(known.Id, now);
            }
        }
    }

    /// <summary>One at a time, and none that the quorum needs.</summary>
    private Member? Surplus(ImmutableArray<Member> members, AdminConfig config)
    {
        var now = member.Time.GetUtcNow();
        return members.Where(known => known.Id != member.Self.Id)
            .Where(known => members.Length > config.ActiveSize
                || (_lostSince.TryGetValue(known.Id, out var since) && (now - since).TotalSeconds >= config.RemoveDelay))
            .Where(known => ReconfigurationRules.RefuseRemoving(members, known.Id, IsAvailable, isStrict: true) is null)
            .OrderByDescending(known => _lostSince.ContainsKey(known.Id)).ThenByDescending(known => known.Name, StringComparer.Ordinal)
            .FirstOrDefault();
    }

    private bool IsAvailable(Member known) => known.Id == member.Self.Id || member.Transport.Find(new NodeId(known.Id))?.ActiveSince is not null;

    [LoggerMessage(EventId = 14, Level = LogLevel.Warning, Message = "etcdserver: member {Id} ({Name}) loses its place by the cluster's activeSize and removeDelay")]
    private static partial void LogRemoving(ILogger logger, string id, string name);
}
