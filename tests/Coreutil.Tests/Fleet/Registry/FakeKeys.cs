using System.Collections.Immutable;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;

namespace Coreutil.Tests.Fleet.Registry;

/// <summary>As much of etcd's key space as the registry uses, in memory: values, conditions, recursive deletes and waits. Nothing expires.</summary>
internal sealed class FakeKeys : IKeysApi
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, KeyNode> _nodes = new(StringComparer.Ordinal);
    private readonly List<KeyEvent> _events = [];
    private TaskCompletionSource _happened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _index;
    private volatile bool _isWatchHeld;

    /// <summary>True: what happens is not told yet, as by a busy network.</summary>
    public bool IsWatchHeld
    {
        get => _isWatchHeld;
        set
        {
            lock (_lock)
            {
                _isWatchHeld = value;
                Wake();
            }
        }
    }

    /// <summary>What happens to this key is never told.</summary>
    public string? HiddenKey { get; set; }

    public string? this[string key]
    {
        get
        {
            lock (_lock)
            {
                return _nodes.TryGetValue(key, out var node) ? node.Value : null;
            }
        }
    }

    public Task<KeyResponse> GetAsync(string key, GetOptions options, CancellationToken cancel)
    {
        lock (_lock)
        {
            if (_nodes.TryGetValue(key, out var node))
            {
                return Answer(new("get", node));
            }

            ImmutableArray<KeyNode> below = [.. _nodes.Values.Where(other => other.Key.StartsWith(key + "/", StringComparison.Ordinal))];
            return below.IsEmpty ? Refuse(EtcdErrorCode.KeyNotFound, key) : Answer(new("get", new() { Key = key, IsDirectory = true, Nodes = below }));
        }
    }

    public Task<KeyResponse> SetAsync(string key, string? value, SetOptions options, CancellationToken cancel)
    {
        lock (_lock)
        {
            var known = _nodes.GetValueOrDefault(key);
            if (options.PrevExist == false && known is not null)
            {
                return Refuse(EtcdErrorCode.NodeExist, key);
            }

            if (known is null && (options.PrevExist == true || options.PrevIndex > 0 || options.PrevValue is not null))
            {
                return Refuse(EtcdErrorCode.KeyNotFound, key);
            }

            if ((options.PrevIndex > 0 && known!.ModifiedIndex != options.PrevIndex) || (options.PrevValue is { } previous && known!.Value != previous))
            {
                return Refuse(EtcdErrorCode.TestFailed, key);
            }

            var node = new KeyNode { Key = key, Value = value, ModifiedIndex = ++_index, CreatedIndex = _index, TtlSeconds = (long)(options.Ttl?.TotalSeconds ?? 0) };
            _nodes[key] = node;
            return Happen(new("set", node));
        }
    }

    public Task<KeyResponse> DeleteAsync(string key, DeleteOptions options, CancellationToken cancel)
    {
        lock (_lock)
        {
            string[] gone = [.. _nodes.Keys.Where(other => other == key || (options.IsRecursive && other.StartsWith(key + "/", StringComparison.Ordinal)))];
            if (gone.Length == 0)
            {
                return Refuse(EtcdErrorCode.KeyNotFound, key);
            }

            if (options.PrevValue is { } previous && _nodes[key].Value != previous)
            {
                return Refuse(EtcdErrorCode.TestFailed, key);
            }

            bool isDirectory = !_nodes.ContainsKey(key);
            foreach (string name in gone)
            {
                _nodes.Remove(name);
            }

            return Happen(new("delete", new() { Key = key, IsDirectory = isDirectory, ModifiedIndex = ++_index }));
        }
    }

    public async Task<KeyResponse> WaitAsync(string key, bool isRecursive, ulong waitIndex, CancellationToken cancel)
    {
        for (; ; )
        {
            Task happened;
            lock (_lock)
            {
                if (!_isWatchHeld && _events.Find(known => known.Node.ModifiedIndex >= waitIndex && known.Node.Key != HiddenKey && known.Node.Key.StartsWith(key, StringComparison.Ordinal)) is { } found)
                {
                    return new(found, _index);
                }

                happened = _happened.Task;
            }

            await happened.WaitAsync(cancel);
        }
    }

    public Task<KeyResponse> CreateInOrderAsync(string directory, string value, TimeSpan? ttl, CancellationToken cancel) =>
        throw new NotSupportedException("the registry has no ordered keys");

    private Task<KeyResponse> Happen(KeyEvent happened)
    {
        _events.Add(happened);
        Wake();
        return Answer(happened);
    }

    private void Wake()
    {
        _happened.SetResult();
        _happened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private Task<KeyResponse> Answer(KeyEvent answer) => Task.FromResult(new KeyResponse(answer, _index));

    private Task<KeyResponse> Refuse(EtcdErrorCode code, string key) => Task.FromException<KeyResponse>(new EtcdException(new(code, key, _index)));
}
