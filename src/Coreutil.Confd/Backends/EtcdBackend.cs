using System.Runtime.CompilerServices;
using Coreutil.Confd.Templates;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;

namespace Coreutil.Confd.Backends;

/// <summary>etcd's v2 keys. A key that is missing fails the whole resource, as the original does (confd.md §8).</summary>
internal sealed class EtcdBackend(IKeysApi keys, TimeProvider time, IDisposable? connection = null) : IBackend
{
    public async Task<IReadOnlyList<KeyValuePair<string, string>>> GetValuesAsync(KeyRequest request, CancellationToken cancel)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        try
        {
            foreach (string key in request.Keys)
            {
                await AddAsync(key, request.MayBeMissing, pairs, cancel);
            }
        }
        catch (Exception refused) when (refused is EtcdException or EtcdUnavailableException or EtcdProtocolException)
        {
            throw new ConfdException(refused.Message, refused)
            {
                MayPass = refused is EtcdUnavailableException or EtcdException { Error.Code: EtcdErrorCode.KeyNotFound },
            };
        }

        return pairs;
    }

    public async IAsyncEnumerable<BackendChange> WatchAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var change in new KeyWatcher(keys, time).WatchAsync(prefix, cancel))
        {
            yield return change switch
            {
                KeyChange.Happened happened => new BackendChange(happened.Event.Node.Key),
                KeyChange.Interrupted interrupted => new BackendChange(null, interrupted.Cause.Message),
                _ => new BackendChange(Key: null),
            };
        }
    }

    public void Dispose() => connection?.Dispose();

    private async Task AddAsync(string key, bool mayBeMissing, List<KeyValuePair<string, string>> pairs, CancellationToken cancel)
    {
        try
        {
            var listed = await keys.GetAsync(key, new GetOptions(IsRecursive: true, IsSorted: true, IsQuorum: true), cancel);
            Collect(listed.Node, pairs);
        }
        catch (EtcdException missing) when (mayBeMissing && missing.Error.Code == EtcdErrorCode.KeyNotFound)
        {
            // An optional key: the template sees no data, and its defaults count.
            return;
        }
    }

    /// <summary>Directories are dropped: an empty one is invisible to templates.</summary>
    private static void Collect(KeyNode node, List<KeyValuePair<string, string>> pairs)
    {
        var open = new Stack<KeyNode>([node]);
        while (open.TryPop(out var next))
        {
            if (!next.IsDirectory)
            {
                pairs.Add(new(GoText.FromUtf16(next.Key), GoText.FromUtf16(next.Value ?? "")));
            }

            foreach (var child in next.Nodes.IsDefault ? [] : next.Nodes)
            {
                open.Push(child);
            }
        }
    }
}
