using System.Globalization;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Membership;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Etcd.Server.Http;

/// <summary>/v2/members: who is in the cluster. Changes to it are not built yet and say so.</summary>
internal sealed class MembersHandler(MemberContext member)
{
    public Task HandleAsync(HttpContext context, string id)
    {
        context.Response.Headers["X-Etcd-Cluster-Id"] = member.ClusterIdText;
        var members = Cluster.Members(member.Store.View);
        return (context.Request.Method, id) switch
        {
            ("GET", "") => SendAsync(context, writer =>
            {
                writer.WriteStartObject();
                writer.WriteStartArray("members"u8);
                foreach (var known in members)
                {
                    known.WriteTo(writer);
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }),
            ("GET", "leader") => SendAsync(context, (members.FirstOrDefault(known => known.Id == member.Self.Id) ?? member.Self).WriteTo),
            ("GET", _) => Reply.MessageAsync(context, StatusCodes.Status404NotFound, "Not found"),
            ("PUT" or "DELETE", "") => Reply.RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Method Not Allowed"),
            ("PUT" or "DELETE", _) when !members.Any(known => IsId(known, id)) =>
                Reply.MessageAsync(context, StatusCodes.Status404NotFound, $"No such member: {id}"),
            ("POST" or "PUT" or "DELETE", _) =>
                Reply.MessageAsync(context, StatusCodes.Status501NotImplemented, "changing the members of the cluster is not built yet"),
            _ => Reply.MethodNotAllowedAsync(context, "GET,POST,DELETE,PUT"),
        };
    }

    private static bool IsId(Member known, string id) =>
        ulong.TryParse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong number) && number == known.Id;

    private static Task SendAsync(HttpContext context, Action<System.Text.Json.Utf8JsonWriter> write) =>
        Reply.WriteAsync(context, StatusCodes.Status200OK, Reply.Json, EtcdJson.Write(write, endsLine: true));
}
