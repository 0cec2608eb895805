using System.Text.Json;
using Coreutil.Core.CommandLine;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Membership;
using Coreutil.Etcd.Server.Peers;
using Coreutil.Raft;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Etcd.Server.Http;

/// <summary>Version, health, statistics and the list of client URLs (etcd.md §2).</summary>
internal sealed class StatusHandlers(MemberContext member)
{
    public const string ServerVersion = "2.3.8";

    public Task VersionAsync(HttpContext context) => GetAsync(context, () => Reply.WriteAsync(
        context, StatusCodes.Status200OK, Reply.Json, EtcdJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("etcdserver"u8, ServerVersion);
            writer.WriteString("etcdcluster"u8, Cluster.VersionOf(member.Store.View) ?? "not_decided");
            writer.WriteEndObject();
        })));

    /// <summary>etcd waits for the log to move; that a leader is there, and a quorum confirms it, is known at once (etcd.md §8.12). The blank is etcd's.</summary>
    public Task HealthAsync(HttpContext context) => GetAsync(context, async () =>
    {
        string? trouble = member.Loop.Status.HasLeader
            ? await IsConfirmedAsync(context.RequestAborted) ? null : "the leader does not answer, or has no quorum"
            : "there is no leader: too few members reach each other";
        await (trouble is null
            ? Reply.TextAsync(context, StatusCodes.Status200OK, """{"health": "true"}""")
            : Reply.RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, $$"""{"health": "false", "reason": "{{trouble}}"}"""));
    });

    public Task MachinesAsync(HttpContext context) => context.Request.Method is "GET" or "HEAD"
        ? Reply.TextAsync(context, StatusCodes.Status200OK, string.Join(", ", Cluster.Members(member.Store.View).SelectMany(known => known.ClientUrls)))
        : Reply.MethodNotAllowedAsync(context, "GET,HEAD");

    /// <summary>0.4's: the leader's peer URL.</summary>
    public Task LeaderAsync(HttpContext context)
    {
        if (context.Request.Method is not ("GET" or "HEAD"))
        {
            return Reply.MethodNotAllowedAsync(context, "GET,HEAD");
        }

        return member.Leader is not { } leader
            ? Reply.ErrorAsync(context, new EtcdError(EtcdErrorCode.LeaderElect, "", 0))
            : Reply.TextAsync(context, StatusCodes.Status200OK, leader.PeerUrls.FirstOrDefault() ?? "");
    }

    public Task SelfStatisticsAsync(HttpContext context) => GetAsync(context, () => Reply.WriteAsync(
        context, StatusCodes.Status200OK, Reply.Json, EtcdJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, member.Self.Name);
            writer.WriteString("id"u8, member.Self.IdText);
            var status = member.Loop.Status;
            writer.WriteString("state"u8, StateOf(status.Role));
            writer.WriteString("startTime"u8, EtcdJson.FormatTime(member.StartTime));
            writer.WriteStartObject("leaderInfo"u8);
            writer.WriteString("leader"u8, status.Leader?.ToString() ?? "");
            writer.WriteString("uptime"u8, GoDuration.Format(member.Time.GetUtcNow() - status.LeaderSince));
            writer.WriteString("startTime"u8, EtcdJson.FormatTime(status.LeaderSince));
            writer.WriteEndObject();
            WriteRates(writer, "recv", member.Transport.Peers.Select(peer => peer.Statistics.Received));
            WriteRates(writer, "send", member.Transport.Peers.Select(peer => peer.Statistics.Sent));
            writer.WriteEndObject();
        })));

    public Task LeaderStatisticsAsync(HttpContext context) => GetAsync(context, () => !member.Loop.Status.IsLeader
        ? Reply.MessageAsync(context, StatusCodes.Status403Forbidden, "not current leader")
        : Reply.WriteAsync(
        context, StatusCodes.Status200OK, Reply.Json, EtcdJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("leader"u8, member.Self.IdText);
            writer.WriteStartObject("followers"u8);
            foreach (var peer in member.Transport.Peers.OrderBy(peer => peer.Id.Value))
            {
                WriteFollower(writer, peer);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        })));

    public Task StoreStatisticsAsync(HttpContext context) => GetAsync(context, () => Reply.WriteAsync(
        context, StatusCodes.Status200OK, Reply.Json, member.Statistics.ToJson(member.Watchers.Count)));

    /// <summary>PUT {"Level":"DEBUG"} changes how much is logged while the member runs.</summary>
    public async Task LogLevelAsync(HttpContext context)
    {
        if (context.Request.Method != "PUT")
        {
            await Reply.MethodNotAllowedAsync(context, "PUT");
            return;
        }

        if (await JsonBody.ReadAsync(context) is not { } body || JsonBody.Member(body, "Level") is { ValueKind: not JsonValueKind.String })
        {
            await Reply.MessageAsync(context, StatusCodes.Status400BadRequest, "Invalid json body");
            return;
        }

        string word = JsonBody.Text(body, "Level");
        await (member.Log.TrySetLevel(word.ToUpperInvariant())
            ? Reply.WriteAsync(context, StatusCodes.Status204NoContent, contentType: null, ReadOnlyMemory<byte>.Empty)
            : Reply.MessageAsync(context, StatusCodes.Status400BadRequest, $"Invalid log level {word}"));
    }

    public static string StateOf(RaftRole role) => role switch
    {
        RaftRole.Leader => "StateLeader",
        RaftRole.Follower => "StateFollower",
        _ => "StateCandidate",
    };

    private async Task<bool> IsConfirmedAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(member.Config.ElectionTimeout);
        try
        {
            return await member.Loop.ReadIndexAsync(limit.Token) is null;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>As the original: rates only where something moves.</summary>
    private static void WriteRates(Utf8JsonWriter writer, string direction, IEnumerable<PackageRate> rates)
    {
        PackageRate[] all = [.. rates];
        writer.WriteNumber($"{direction}AppendRequestCnt", all.Sum(rate => rate.Total));
        var (packages, bytes) = all.Select(rate => rate.PerSecond).Aggregate((Packages: 0.0, Bytes: 0.0), (sum, rate) => (sum.Packages + rate.Packages, sum.Bytes + rate.Bytes));
        if (packages > 0)
        {
            writer.WriteNumber($"{direction}PkgRate", packages);
        }

        if (bytes > 0)
        {
            writer.WriteNumber($"{direction}BandwidthRate", bytes);
        }
    }

    private static void WriteFollower(Utf8JsonWriter writer, Peer peer)
    {
        var latency = peer.Statistics.Latency;
        writer.WriteStartObject(peer.Id.ToString());
        writer.WriteStartObject("latency"u8);
        writer.WriteNumber("current"u8, latency.Current);
        writer.WriteNumber("average"u8, latency.Average);
        writer.WriteNumber("standardDeviation"u8, latency.StandardDeviation);
        writer.WriteNumber("minimum"u8, latency.Minimum);
        writer.WriteNumber("maximum"u8, latency.Maximum);
        writer.WriteEndObject();
        writer.WriteStartObject("counts"u8);
        writer.WriteNumber("fail"u8, latency.Fails);
        writer.WriteNumber("success"u8, latency.Successes);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static Task GetAsync(HttpContext context, Func<Task> answer) =>
        context.Request.Method == "GET" ? answer() : Reply.MethodNotAllowedAsync(context, "GET");
}
