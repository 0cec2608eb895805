using System.Buffers.Binary;
using System.Text;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Http;
using Coreutil.Etcd.Server.Membership;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Etcd.Server.Peers;

/// <summary>The peer port: what joining members and proxies read (etcd.md §2), and the reads of 0.4's administration (§2.1).</summary>
internal sealed class PeerHandler(MemberContext member)
{
    private const string MachinesPath = "/v2/admin/machines/";
    private const string RemovePath = "/remove/";
    private readonly PeerStreamHandler _streams = new(member);
    private readonly MembersHandler _members = new(member);
    private readonly StatusHandlers _status = new(member);

    public Task HandleAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "/";
        return (context.Request.Method, path) switch
        {
            _ when path.StartsWith("/coreutil/", StringComparison.Ordinal) => _streams.HandleAsync(context, path),
            _ when path == "/raft" || path.StartsWith("/raft/", StringComparison.Ordinal) => _streams.RefuseOriginalAsync(context),
            (_, "/version") => _status.VersionAsync(context),
            ("GET", "/members") => MembersAsync(context),
            ("GET", "/v2/admin/config") => SendAsync(context, AdminConfig.Of(member.Store.View).ToJson()),
            ("PUT", "/v2/admin/config") => ConfigureAsync(context),
            ("GET", "/v2/admin/machines") => SendAsync(context, $"[{string.Join(',', Cluster.Members(member.Store.View).OrderBy(known => known.Name, StringComparer.Ordinal).Select(Machine))}]"),
            ("GET", _) when path.StartsWith(MachinesPath, StringComparison.Ordinal) =>
                SendAsync(context, Cluster.Members(member.Store.View).Where(known => known.Name == path[MachinesPath.Length..]).Select(Machine).FirstOrDefault() ?? "null"),
            ("DELETE", _) when path.StartsWith(MachinesPath, StringComparison.Ordinal) => RemoveAsync(context, path[MachinesPath.Length..]),
            ("DELETE", _) when path.StartsWith(RemovePath, StringComparison.Ordinal) => RemoveAsync(context, path[RemovePath.Length..]),
            _ when path.StartsWith(RemovePath, StringComparison.Ordinal) => Reply.MethodNotAllowedAsync(context, "DELETE"),
            ("GET", "/name") => Reply.TextAsync(context, StatusCodes.Status200OK, member.Self.Name),
            ("GET", "/etcdURL") => Reply.TextAsync(context, StatusCodes.Status200OK, member.Self.ClientUrls.FirstOrDefault() ?? ""),
            _ => Reply.NotFoundAsync(context),
        };
    }

    /// <summary>0.4 answers what is no JSON with a server error.</summary>
    private async Task ConfigureAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (AdminConfig.Of(member.Store.View).With(body.ToArray()) is not { } changed)
        {
            await Reply.RefuseAsync(context, StatusCodes.Status500InternalServerError, "the body is not a JSON object");
            return;
        }

        var result = await member.Loop.ProposeAsync(changed.ToCommand(member.Time.GetUtcNow()), context.RequestAborted);
        await (result.Outcome.Refusal is { } refusal ? Reply.ErrorAsync(context, refusal) : SendAsync(context, changed.ToJson()));
    }

    /// <summary>0.4's way to remove a member by its name; the answer is the index as a number in eight bytes.</summary>
    private async Task RemoveAsync(HttpContext context, string name)
    {
        if (Cluster.Members(member.Store.View).FirstOrDefault(known => known.Name == name) is not { } named)
        {
            await Reply.MessageAsync(context, StatusCodes.Status404NotFound, $"No such machine: {name}");
            return;
        }

        await _members.RemoveAsync(context, named.IdText, async () =>
        {
            byte[] index = new byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(index, member.Loop.AppliedIndex);
            await Reply.WriteAsync(context, StatusCodes.Status200OK, contentType: null, index);
        });
    }

    /// <summary>Here, unlike on the client port, the id is a decimal number.</summary>
    private Task MembersAsync(HttpContext context)
    {
        context.Response.Headers[PeerHeaders.Cluster] = member.ClusterIdText;
        context.Response.Headers[PeerHeaders.Wire] = PeerHeaders.WireText;
        return Reply.WriteAsync(context, StatusCodes.Status200OK, Reply.Json, EtcdJson.Write(writer =>
        {
            writer.WriteStartArray();
            foreach (var known in Cluster.Members(member.Store.View))
            {
                writer.WriteStartObject();
                writer.WriteNumber("id"u8, known.Id);
                Member.WriteUrls(writer, "peerURLs", known.PeerUrls);
                writer.WriteString("name"u8, known.Name);
                Member.WriteUrls(writer, "clientURLs", known.ClientUrls);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }, endsLine: true));
    }

    private string Machine(Member known) => Encoding.UTF8.GetString(EtcdJson.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, known.Name);
        writer.WriteString("state"u8, known.Id == member.Loop.Status.Leader?.Value ? "leader" : "follower");
        writer.WriteString("clientURL"u8, known.ClientUrls.FirstOrDefault() ?? "");
        writer.WriteString("peerURL"u8, known.PeerUrls.FirstOrDefault() ?? "");
        writer.WriteEndObject();
    }));

    private static Task SendAsync(HttpContext context, string json) =>
        Reply.WriteAsync(context, StatusCodes.Status200OK, Reply.Json, Encoding.UTF8.GetBytes(json + "\n"));
}
