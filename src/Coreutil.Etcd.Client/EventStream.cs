using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Client;

/// <summary>
/// The events of a key, one after the other, for as long as the caller likes: each wait is chained to the event before it, a broken one is taken up
/// where it had begun. Where the server's history no longer reaches back (401), what the store holds now is compared with what was seen.
/// </summary>
public sealed class EventStream(IKeysApi keys, TimeProvider time)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Events at or after <paramref name="firstIndex"/> (0: from now on); never ends by itself. An interruption is told once, and so is a gap
    /// (<see cref="KeyChange.Listed"/>), before the changes that make up for it.
    /// </summary>
    public async IAsyncEnumerable<KeyChange> FollowAsync(
        string key, bool isRecursive, ulong firstIndex, [EnumeratorCancellation] CancellationToken cancel)
    {
        ulong next = firstIndex;
        var pause = _firstPause;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (; ; )
        {
            var changes = ImmutableArray<KeyChange>.Empty;
            bool hasFailed = true;
            try
            {
                var happened = await keys.WaitAsync(key, isRecursive, next, cancel);
                next = happened.Node.ModifiedIndex + 1;
                changes = [new KeyChange.Happened(happened.Event)];
                hasFailed = false;
            }
            catch (EtcdException cleared) when (cleared.Error.Code == EtcdErrorCode.EventIndexCleared)
            {
                try
                {
                    var listed = await ListAsync(key, isRecursive, cancel);
                    changes = [listed, .. MissedEvents.Since(next, listed.Root, seen).Select(missed => new KeyChange.Happened(missed))];
                    next = listed.Index + 1;
                }
                catch (Exception unreachable) when (unreachable is EtcdUnavailableException or EtcdException or EtcdProtocolException)
                {
                    changes = [new KeyChange.Interrupted(unreachable)];
                }
            }
            catch (Exception unreachable) when (unreachable is EtcdUnavailableException or EtcdProtocolException || IsOfServer(unreachable))
            {
                next = next == 0 && unreachable is EtcdUnavailableException { BegunIndex: > 0 } broken ? broken.BegunIndex + 1 : next;
                changes = pause == _firstPause ? [new KeyChange.Interrupted(unreachable)] : [];
            }

            foreach (var change in changes)
            {
                MissedEvents.Remember(seen, change);
                yield return change;
            }

            if (hasFailed)
            {
                // A busy store may clear its history faster than we list: then, too, we must not add to its load.
                await Task.Delay(pause, time, cancel);
                pause = pause + pause < _longestPause ? pause + pause : _longestPause;
            }
            else
            {
                pause = _firstPause;
            }
        }
    }

    /// <summary>Refusals that pass by themselves: an election, a store that was replaced. All others (no permission) are the caller's.</summary>
    private static bool IsOfServer(Exception failure) => failure is EtcdException { Error.Code: EtcdErrorCode.RaftInternal or EtcdErrorCode.LeaderElect or EtcdErrorCode.WatcherCleared };

    private async Task<KeyChange.Listed> ListAsync(string key, bool isRecursive, CancellationToken cancel)
    {
        try
        {
            var listed = await keys.GetAsync(key, new GetOptions(isRecursive, IsSorted: true), cancel);
            return new(listed.Node, listed.EtcdIndex);
        }
        catch (EtcdException missing) when (missing.Error.Code == EtcdErrorCode.KeyNotFound)
        {
            return new(null, missing.Error.Index);
        }
    }
}
