using Coreutil.Etcd.Api;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Etcd.Server.Http;

/// <summary>
/// A watch's answer: headers at once, then one event and the end (long poll), or one line an event (stream). A stream sends all of the
/// backlog and goes on, and ends when its reader falls behind; etcd leaves such a connection open and silent (etcd.md §8.2).
/// </summary>
internal static class WatchResponse
{
    public static async Task RunAsync(HttpContext context, MemberContext member, KeysRequest.Watch watch, Func<bool> mayWatch)
    {
        string key = watch.Key.Length > 1 ? watch.Key.TrimEnd('/') : watch.Key;
        if (member.Watchers.Count >= member.Config.MaximumWatches)
        {
            await Reply.ErrorAsync(context, new EtcdError(
                EtcdErrorCode.RaftInternal, $"too many watches: this member takes {member.Config.MaximumWatches} (--max-watches)", 0));
            return;
        }

        member.Metrics.CountWatch();
        var (registered, refusal) = member.Watchers.Register(key, watch.IsRecursive, watch.IsStream, watch.SinceIndex, () => member.Store.View.Index);
        if (registered is null)
        {
            await Reply.ErrorAsync(context, refusal!);
            return;
        }

        using var watcher = registered;
        var rights = member.Auth.Version;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, member.Stopping);
        context.Response.ContentType = Reply.Json;
        KeysHandler.SetIndexes(context, watcher.RegisteredIndex, member.Loop.AppliedIndex, member.Loop.Term);
        try
        {
            await context.Response.Body.FlushAsync(ending.Token);
            await foreach (var occurred in EventsAsync(watcher, ending.Token))
            {
                // etcd asks once, at the start: who lost the right since then went on listening.
                if (rights != (rights = member.Auth.Version) && !mayWatch())
                {
                    break;
                }

                await context.Response.Body.WriteAsync(EtcdJson.WriteEvent(occurred), ending.Token);
                await context.Response.Body.FlushAsync(ending.Token);
                if (!watch.IsStream)
                {
                    break;
                }
            }

            if (watcher.IsOverrun)
            {
                member.Metrics.CountSlowWatch();
            }
        }
        catch (OperationCanceledException)
        {
            // The client went, or the server stops: the response ends where it is.
        }
    }

    private static async IAsyncEnumerable<KeyEvent> EventsAsync(
        Store.Watcher watcher, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (var past in watcher.Backlog)
        {
            yield return past;
        }

        await foreach (var occurred in watcher.Events.ReadAllAsync(cancel))
        {
            yield return occurred;
        }
    }
}
