using System.Runtime.CompilerServices;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Client;

/// <summary>What a watcher saw: the whole subtree, or one change of it.</summary>
public abstract record KeyChange
{
    private KeyChange()
    {
    }

    /// <summary>The subtree as it stood at an index; null where the key did not exist. Comes first, and again after anything was missed.</summary>
    public sealed record Listed(KeyNode? Root, ulong Index) : KeyChange;

    public sealed record Happened(KeyEvent Event) : KeyChange;

    /// <summary>The store cannot be asked just now; a new listing follows when it answers again.</summary>
    public sealed record Interrupted(Exception Cause) : KeyChange;
}

/// <summary>
/// A recursive watch that loses nothing: it lists, then waits from the listing's index on and chains each wait to the event before it. When the
/// server's history no longer reaches back (401), or after any interruption, it lists again.
/// </summary>
public sealed class KeyWatcher(IKeysApi keys, TimeProvider time)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    /// <summary>Every listing holds what was acknowledged before it, whichever member answers; without a leader there is none.</summary>
    public bool IsQuorum { get; init; }

    /// <summary>Never ends by itself.</summary>
    public async IAsyncEnumerable<KeyChange> WatchAsync(string key, [EnumeratorCancellation] CancellationToken cancel)
    {
        ulong? next = null;
        var pause = _firstPause;
        for (; ; )
        {
            KeyChange change;
            try
            {
                change = next is { } index
                    ? new KeyChange.Happened((await keys.WaitAsync(key, isRecursive: true, index, cancel)).Event)
                    : await ListAsync(key, cancel);
                next = 1 + (change is KeyChange.Happened happened ? happened.Event.Node.ModifiedIndex : ((KeyChange.Listed)change).Index);
            }
            catch (EtcdException refused) when (refused.Error.Code == EtcdErrorCode.EventIndexCleared)
            {
                // A busy store may clear its history faster than we list: then we must not add to its load.
                next = null;
                await Task.Delay(pause, time, cancel);
                pause = Longer(pause);
                continue;
            }
            catch (Exception unreachable) when (unreachable is EtcdUnavailableException or EtcdException or EtcdProtocolException)
            {
                next = null;
                change = new KeyChange.Interrupted(unreachable);
            }

            yield return change;
            if (change is KeyChange.Interrupted)
            {
                await Task.Delay(pause, time, cancel);
                pause = Longer(pause);
            }
            else if (change is KeyChange.Happened)
            {
                pause = _firstPause;
            }
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => pause + pause < _longestPause ? pause + pause : _longestPause;

    private async Task<KeyChange> ListAsync(string key, CancellationToken cancel)
    {
        try
        {
            var listed = await keys.GetAsync(key, new GetOptions(IsRecursive: true, IsSorted: true, IsQuorum: IsQuorum), cancel);
            return new KeyChange.Listed(listed.Node, listed.EtcdIndex);
        }
        catch (EtcdException missing) when (missing.Error.Code == EtcdErrorCode.KeyNotFound)
        {
            return new KeyChange.Listed(null, missing.Error.Index);
        }
    }
}
