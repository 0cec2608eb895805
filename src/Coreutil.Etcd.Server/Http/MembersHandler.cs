using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Membership;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Etcd.Server.Http;

/// <summary>/v2/members: who is in the cluster. Adding and removing are not built yet and say so, behind all of etcd's checks.</summary>
internal sealed class MembersHandler(MemberContext member)
{
    public async Task HandleAsync(HttpContext context, string id)
    {
        string method = context.Request.Method;
        if (method is not ("GET" or "POST" or "DELETE" or "PUT"))
        {
            await Reply.MethodNotAllowedAsync(context, "GET,POST,DELETE,PUT");
            return;
        }

        if (method != "GET" && !member.Access.MayAdminister(context.Request.Headers.Authorization))
        {
            await Reply.MessageAsync(context, StatusCodes.Status401Unauthorized, "Insufficient credentials");
            return;
        }

        context.Response.Headers["X-Etcd-Cluster-Id"] = member.ClusterIdText;
        var members = Cluster.Members(member.Store.View);
        await (method switch
        {
            "GET" => ReadAsync(context, id, members),
            "POST" => AddAsync(context, members),
            _ when id.Length == 0 => Reply.RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Method Not Allowed"),
            "PUT" => UpdateAsync(context, id, members),
            _ => RemoveAsync(context, id, members),
        });
    }

    private Task ReadAsync(HttpContext context, string id, ImmutableArray<Member> members) => id switch
    {
        "" => SendAsync(context, StatusCodes.Status200OK, writer =>
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
        "leader" => SendAsync(context, StatusCodes.Status200OK, (members.FirstOrDefault(known => known.Id == member.Self.Id) ?? member.Self).WriteTo),
        _ => Reply.MessageAsync(context, StatusCodes.Status404NotFound, "Not found"),
    };

    private static async Task AddAsync(HttpContext context, ImmutableArray<Member> members)
    {
        if (await PeerUrlsAsync(context) is { IsDefault: false } urls)
        {
            await (members.Any(known => known.PeerUrls.Intersect(urls, StringComparer.Ordinal).Any())
                ? Reply.MessageAsync(context, StatusCodes.Status409Conflict, "etcdserver: peerURL exists")
                : NotBuiltAsync(context, "adding a member"));
        }
    }

    private async Task UpdateAsync(HttpContext context, string id, ImmutableArray<Member> members)
    {
        if (!TryId(id, out ulong number))
        {
            await NoSuchMemberAsync(context, id);
            return;
        }

        if (await PeerUrlsAsync(context) is not { IsDefault: false } urls)
        {
            return;
        }

        if (!members.Any(known => known.Id == number))
        {
            await NoSuchMemberAsync(context, id);
        }
        else if (members.Any(known => known.Id != number && known.PeerUrls.Intersect(urls, StringComparer.Ordinal).Any()))
        {
            await Reply.MessageAsync(context, StatusCodes.Status409Conflict, "etcdserver: peerURL exists");
        }
        else
        {
            await member.Loop.ProposeAsync(Cluster.PeerUrlsOf(number, urls, member.Time.GetUtcNow()), context.RequestAborted);
            await Reply.WriteAsync(context, StatusCodes.Status204NoContent, contentType: null, ReadOnlyMemory<byte>.Empty);
        }
    }

    private static Task RemoveAsync(HttpContext context, string id, ImmutableArray<Member> members) =>
        TryId(id, out ulong number) && members.Any(known => known.Id == number)
            ? NotBuiltAsync(context, "removing a member")
            : NoSuchMemberAsync(context, id);

    /// <summary>The URLs of the body, sorted as etcd sorts them; default when the request was answered with what is wrong.</summary>
    private static async Task<ImmutableArray<string>> PeerUrlsAsync(HttpContext context)
    {
        if (context.Request.ContentType is var type && type != Reply.Json)
        {
            await Reply.MessageAsync(context, StatusCodes.Status415UnsupportedMediaType, $"Bad Content-Type {type}, accept application/json");
            return default;
        }

        var (urls, failure) = await ReadUrlsAsync(context);
        failure ??= UrlRules.Refuse(urls);
        if (failure is not null)
        {
            await Reply.MessageAsync(context, StatusCodes.Status400BadRequest, failure);
            return default;
        }

        return [.. urls.Select(url => url.Trim()).Order(StringComparer.Ordinal)];
    }

    private static async Task<(ImmutableArray<string> Urls, string? Failure)> ReadUrlsAsync(HttpContext context)
    {
        byte[]? bytes = await JsonBody.ReadBytesAsync(context);
        string? fault = bytes is null ? "the request body is too large" : GoJsonSyntax.Refuse(bytes);
        if (fault is not null)
        {
            return ([], fault);
        }

        using var document = JsonDocument.Parse(bytes!);
        var root = document.RootElement;
        if (root.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null))
        {
            return ([], $"json: cannot unmarshal {JsonBody.GoKind(root)} into Go value of type struct {{ PeerURLs []string \"json:\\\"peerURLs\\\"\" }}");
        }

        if (root.ValueKind == JsonValueKind.Null || JsonBody.Member(root, "peerURLs") is not { } list)
        {
            return ([], null);
        }

        if (list.ValueKind != JsonValueKind.Array)
        {
            return ([], $"json: cannot unmarshal {JsonBody.GoKind(list)} into Go struct field .peerURLs of type []string");
        }

        var bad = list.EnumerateArray().FirstOrDefault(item => item.ValueKind is not (JsonValueKind.String or JsonValueKind.Null));
        return bad.ValueKind == JsonValueKind.Undefined
            ? ([.. list.EnumerateArray().Select(item => item.GetString() ?? "")], null)
            : ([], $"json: cannot unmarshal {JsonBody.GoKind(bad)} into Go struct field .peerURLs of type string");
    }

    private static bool TryId(string text, out ulong id) => ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out id);

    private static Task NoSuchMemberAsync(HttpContext context, string id) =>
        Reply.MessageAsync(context, StatusCodes.Status404NotFound, $"No such member: {id}");

    private static Task NotBuiltAsync(HttpContext context, string what) =>
        Reply.MessageAsync(context, StatusCodes.Status501NotImplemented, $"{what} is not built yet");

    private static Task SendAsync(HttpContext context, int status, Action<Utf8JsonWriter> write) =>
        Reply.WriteAsync(context, status, Reply.Json, EtcdJson.Write(write, endsLine: true));
}
