using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Membership;
using Coreutil.Raft;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Http;

/// <summary>/v2/members: who is in the cluster, and changes of it, one at a time, by consensus.</summary>
internal sealed partial class MembersHandler(MemberContext member)
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
            "PUT" => UpdateAsync(context, id),
            _ => RemoveAsync(context, id, () => NoContentAsync(context)),
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
        "leader" when member.Leader is { } leader => SendAsync(context, StatusCodes.Status200OK, leader.WriteTo),
        "leader" => Reply.MessageAsync(context, StatusCodes.Status503ServiceUnavailable, "During election"),
        _ => Reply.MessageAsync(context, StatusCodes.Status404NotFound, "Not found"),
    };

    private async Task AddAsync(HttpContext context, ImmutableArray<Member> members)
    {
        if (await PeerUrlsAsync(context) is not { IsDefault: false } urls)
        {
            return;
        }

        if (members.Any(known => known.PeerUrls.Intersect(urls, StringComparer.Ordinal).Any()))
        {
            await RefuseAsync(context, MembershipRefusal.PeerUrlExists, "");
            return;
        }

        if (member.Config.IsReconfigurationStrict && ReconfigurationRules.RefuseAdding(members, IsAvailable) is { } refusal)
        {
            LogRefused(member.Log, $"adding a member at {string.Join(',', urls)}", refusal);
            await InternalErrorAsync(context);
            return;
        }

        var added = new Member(MemberIdentity.MemberId(urls, "", member.Time.GetUtcNow()), "", urls, []);
        if (await ChangeAsync(context, MembershipChangeKind.AddVoter, added, added.IdText))
        {
            await SendAsync(context, StatusCodes.Status201Created, added.WriteTo);
        }
    }

    private async Task UpdateAsync(HttpContext context, string id)
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

        if (await ChangeAsync(context, MembershipChangeKind.Update, new Member(number, "", urls, []), id))
        {
            await NoContentAsync(context);
        }
    }

    /// <param name="answer">Sent when the member is gone.</param>
    public async Task RemoveAsync(HttpContext context, string id, Func<Task> answer)
    {
        var members = Cluster.Members(member.Store.View);
        if (!TryId(id, out ulong number))
        {
            await NoSuchMemberAsync(context, id);
            return;
        }

        if (members.Any(known => known.Id == number) && ReconfigurationRules.RefuseRemoving(members, number, IsAvailable, member.Config.IsReconfigurationStrict) is { } refusal)
        {
            LogRefused(member.Log, $"removing member {id}", refusal);
            await InternalErrorAsync(context);
            return;
        }

        if (await ChangeAsync(context, MembershipChangeKind.Remove, new Member(number, "", [], []), id))
        {
            await answer();
        }
    }

    private bool IsAvailable(Member known) =>
        known.Id == member.Self.Id || (known.Name.Length > 0 && member.Transport.Find(new NodeId(known.Id))?.ActiveSince is not null);

    /// <summary>False when the request was answered with what is wrong.</summary>
    private async Task<bool> ChangeAsync(HttpContext context, MembershipChangeKind kind, Member changed, string id)
    {
        var result = await member.Loop.ProposeAsync(kind, changed, context.RequestAborted);
        if (result.MembershipRefusal is { } refusal)
        {
            await RefuseAsync(context, refusal, id);
            return false;
        }

        if (result.Outcome.Refusal is { } undecided)
        {
            LogRefused(member.Log, $"{kind} of member {id}", undecided.Cause);
            await InternalErrorAsync(context);
            return false;
        }

        return true;
    }

    private static Task RefuseAsync(HttpContext context, MembershipRefusal refusal, string id) => refusal switch
    {
        MembershipRefusal.IdRemoved => Reply.MessageAsync(context, StatusCodes.Status410Gone, $"Member permanently removed: {id}"),
        MembershipRefusal.IdNotFound => NoSuchMemberAsync(context, id),
        MembershipRefusal.IdExists => Reply.MessageAsync(context, StatusCodes.Status409Conflict, "etcdserver: ID exists"),
        _ => Reply.MessageAsync(context, StatusCodes.Status409Conflict, "etcdserver: peerURL exists"),
    };

    private static Task NoContentAsync(HttpContext context) =>
        Reply.WriteAsync(context, StatusCodes.Status204NoContent, contentType: null, ReadOnlyMemory<byte>.Empty);

    private static Task InternalErrorAsync(HttpContext context) =>
        Reply.MessageAsync(context, StatusCodes.Status500InternalServerError, "Internal Server Error");

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

    private static Task SendAsync(HttpContext context, int status, Action<Utf8JsonWriter> write) =>
        Reply.WriteAsync(context, status, Reply.Json, EtcdJson.Write(write, endsLine: true));

    [LoggerMessage(EventId = 13, Level = LogLevel.Error, Message = "etcdserver: refused {What}: {Cause}")]
    private static partial void LogRefused(ILogger logger, string what, string cause);
}
