using System.Text;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Membership;
using Coreutil.Etcd.Server.Store;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Etcd.Server.Http;

/// <summary>/v2/keys: reads from the store's present view, writes through the loop, watches from the hub.</summary>
internal sealed class KeysHandler(MemberContext member)
{
    private const string Methods = "HEAD,GET,PUT,POST,DELETE";
    private const string Form = "application/x-www-form-urlencoded";

    public async Task HandleAsync(HttpContext context, string key, ReadOnlyMemory<byte> query)
    {
        string method = context.Request.Method;
        if (method is not ("HEAD" or "GET" or "PUT" or "POST" or "DELETE"))
        {
            await Reply.MethodNotAllowedAsync(context, Methods);
            return;
        }

        context.Response.Headers["X-Etcd-Cluster-Id"] = member.ClusterIdText;
        long started = member.Time.GetTimestamp();
        var (request, refusal) = await ParseAsync(context, key, query);
        if (request is null)
        {
            await Reply.ErrorAsync(context, refusal!);
            member.Metrics.CountFailed(context.Response.StatusCode, method);
            return;
        }

        member.Metrics.CountReceived(method);
        switch (request)
        {
            case KeysRequest.Watch watch:
                await WatchResponse.RunAsync(context, member, watch, () => MayPass(context, key, watch));
                return;
            case KeysRequest.Read read:
                await ReadAsync(context, read);
                break;
            case KeysRequest.Write write:
                await WriteAsync(context, write.Command);
                break;
            default:
                throw new InvalidOperationException($"unknown request {request.GetType().Name}");
        }

        if (context.Response.StatusCode < StatusCodes.Status400BadRequest)
        {
            member.Metrics.ObserveSuccess(method, member.Time.GetElapsedTime(started));
        }
        else
        {
            member.Metrics.CountFailed(context.Response.StatusCode, method);
        }
    }

    private async Task<(KeysRequest? Request, EtcdError? Refusal)> ParseAsync(HttpContext context, string key, ReadOnlyMemory<byte> query)
    {
        byte[] body = [];
        // Anything but a form is silently no body at all, which clients rely on (etcd.md §1.2).
        if (context.Request.Method is "PUT" or "POST")
        {
            string? header = context.Request.Headers.ContentType is [{ Length: > 0 } first, ..] ? first : null;
            var (type, failure) = header is null or Form ? (header, null) : MediaType.Parse(header);
            if (failure is not null)
            {
                return (null, new EtcdError(EtcdErrorCode.InvalidForm, failure, 0));
            }

            if (type == Form)
            {
                if (await ReadBodyAsync(context) is not { } read)
                {
                    return (null, new EtcdError(EtcdErrorCode.InvalidForm, "http: POST too large", 0));
                }

                body = read;
            }
        }

        if (Encoding.UTF8.GetByteCount(key) > member.Config.MaximumKeyBytes)
        {
            return (null, new EtcdError(EtcdErrorCode.InvalidField, $"a key has at most {member.Config.MaximumKeyBytes} bytes (--max-key-bytes)", 0));
        }

        var (request, refusal) = KeysRequest.Parse(context.Request.Method, key, FormValues.Parse(body, query.Span), member.Time.GetUtcNow());
        return request is not null && !MayPass(context, key, request)
            ? (null, new EtcdError(EtcdErrorCode.Unauthorized, "Insufficient credentials", 0))
            : (request, refusal);
    }

    private bool MayPass(HttpContext context, string key, KeysRequest request) => member.Access.MayUseKey(
        context.Request.Headers.Authorization,
        // The root as sent without a slash has no key to match, not even with /*.
        context.Request.Path == "/v2/keys" ? "" : key,
        request is KeysRequest.Read { IsRecursive: true } or KeysRequest.Watch { IsRecursive: true } or KeysRequest.Write { Command.IsRecursive: true },
        isWrite: context.Request.Method is not ("GET" or "HEAD"));

    private async Task ReadAsync(HttpContext context, KeysRequest.Read read)
    {
        if (read.IsQuorum && await member.Loop.ReadIndexAsync(context.RequestAborted) is { } unanswered)
        {
            await Reply.ErrorAsync(context, unanswered);
            return;
        }

        var now = member.Time.GetUtcNow();
        var view = member.Store.View;
        var (found, refusal) = MachinesDirectory.Overlay(view, read.Key).Get(KeyPath.Parse(read.Key), read.IsRecursive, now);
        member.Statistics.CountGet(found is not null);
        await (found is null
            ? Reply.ErrorAsync(context, refusal!)
            : SendAsync(context, StatusCodes.Status200OK, found, view.Index, member.Loop.AppliedIndex, member.Loop.Term));
    }

    private async Task WriteAsync(HttpContext context, StoreCommand command)
    {
        long started = member.Time.GetTimestamp();
        var result = await member.Loop.ProposeAsync(command, context.RequestAborted);
        member.Metrics.Proposals.Observe(member.Time.GetElapsedTime(started));
        if (result.Outcome.Refusal is { } refusal)
        {
            await Reply.ErrorAsync(context, refusal);
            return;
        }

        var occurred = result.Outcome.Event!;
        bool isNew = occurred.Action == "create" || (occurred.Action == "set" && occurred.PrevNode is null);
        int status = isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK;
        await SendAsync(context, status, occurred, result.Outcome.Index, result.RaftIndex, result.RaftTerm);
    }

    private static Task SendAsync(HttpContext context, int status, KeyEvent occurred, ulong index, ulong raftIndex, ulong raftTerm)
    {
        SetIndexes(context, index, raftIndex, raftTerm);
        return Reply.WriteAsync(context, status, Reply.Json, EtcdJson.WriteEvent(occurred));
    }

    public static void SetIndexes(HttpContext context, ulong index, ulong raftIndex, ulong raftTerm)
    {
        context.Response.Headers["X-Etcd-Index"] = Reply.Text(index);
        context.Response.Headers["X-Raft-Index"] = Reply.Text(raftIndex);
        context.Response.Headers["X-Raft-Term"] = Reply.Text(raftTerm);
    }

    /// <summary>Null when it is too large.</summary>
    private async Task<byte[]?> ReadBodyAsync(HttpContext context)
    {
        using var body = new MemoryStream((int)Math.Clamp(context.Request.ContentLength ?? 0, 0, member.Config.MaximumRequestBytes));
        byte[] buffer = new byte[16 << 10];
        int count;
        while ((count = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            body.Write(buffer, 0, count);
            if (body.Length > member.Config.MaximumRequestBytes)
            {
                return null;
            }
        }

        return body.ToArray();
    }
}
