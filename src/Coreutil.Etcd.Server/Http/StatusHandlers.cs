using System.Text.Json;
using Coreutil.Core.CommandLine;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Membership;
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

    /// <summary>etcd waits for the log to move; a leader that serves is health enough (etcd.md §8.12). The blank is etcd's.</summary>
    public Task HealthAsync(HttpContext context) => GetAsync(context, () => member.Loop.Term > 0
        ? Reply.TextAsync(context, StatusCodes.Status200OK, """{"health": "true"}""")
        : Reply.RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, """{"health": "false"}"""));

    public Task MachinesAsync(HttpContext context) => context.Request.Method is "GET" or "HEAD"
        ? Reply.TextAsync(context, StatusCodes.Status200OK, string.Join(", ", Cluster.Members(member.Store.View).SelectMany(known => known.ClientUrls)))
        : Reply.MethodNotAllowedAsync(context, "GET,HEAD");

    /// <summary>0.4's: the leader's peer URL.</summary>
    public Task LeaderAsync(HttpContext context) => context.Request.Method is "GET" or "HEAD"
        ? Reply.TextAsync(
            context, StatusCodes.Status200OK,
            Cluster.Members(member.Store.View).FirstOrDefault(known => known.Id == member.Self.Id)?.PeerUrls.FirstOrDefault() ?? "")
        : Reply.MethodNotAllowedAsync(context, "GET,HEAD");

    public Task SelfStatisticsAsync(HttpContext context) => GetAsync(context, () => Reply.WriteAsync(
        context, StatusCodes.Status200OK, Reply.Json, EtcdJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, member.Self.Name);
            writer.WriteString("id"u8, member.Self.IdText);
            writer.WriteString("state"u8, "StateLeader");
            writer.WriteString("startTime"u8, EtcdJson.FormatTime(member.StartTime));
            writer.WriteStartObject("leaderInfo"u8);
            writer.WriteString("leader"u8, member.Self.IdText);
            writer.WriteString("uptime"u8, GoDuration.Format(member.Time.GetUtcNow() - member.StartTime));
            writer.WriteString("startTime"u8, EtcdJson.FormatTime(member.StartTime));
            writer.WriteEndObject();
            writer.WriteNumber("recvAppendRequestCnt"u8, 0);
            writer.WriteNumber("sendAppendRequestCnt"u8, 0);
            writer.WriteEndObject();
        })));

    public Task LeaderStatisticsAsync(HttpContext context) => GetAsync(context, () => Reply.WriteAsync(
        context, StatusCodes.Status200OK, Reply.Json, EtcdJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("leader"u8, member.Self.IdText);
            writer.WriteStartObject("followers"u8);
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

    private static Task GetAsync(HttpContext context, Func<Task> answer) =>
        context.Request.Method == "GET" ? answer() : Reply.MethodNotAllowedAsync(context, "GET");
}
