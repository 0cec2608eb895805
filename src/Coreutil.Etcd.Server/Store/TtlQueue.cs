namespace Coreutil.Etcd.Server.Store;

/// <summary>The keys that will expire, the earliest first; equal deadlines in key order, so that every member expires them alike.</summary>
internal sealed class TtlQueue
{
    private readonly SortedSet<(DateTimeOffset Deadline, string Key)> _queue = new(
        Comparer<(DateTimeOffset Deadline, string Key)>.Create((x, y) =>
            x.Deadline != y.Deadline ? x.Deadline.CompareTo(y.Deadline) : KeyOrder.Instance.Compare(x.Key, y.Key)));

    public DateTimeOffset? Next => _queue.Count > 0 ? _queue.Min.Deadline : null;

    public static TtlQueue Of(StoreNode root)
    {
        var queue = new TtlQueue();
        queue.AddTree("/", root);
        return queue;
    }

    /// <summary>The next key whose time has come, or null. It stays queued until it is removed.</summary>
    public string? Due(DateTimeOffset now) => Next <= now ? _queue.Min.Key : null;

    public void Replace(string key, DateTimeOffset? previous, DateTimeOffset? next)
    {
        if (previous is { } gone)
        {
            _queue.Remove((gone, key));
        }

        if (next is { } deadline)
        {
            _queue.Add((deadline, key));
        }
    }

    /// <summary>Forgets a node and everything below it.</summary>
    public void RemoveTree(string key, StoreNode node)
    {
        Replace(key, node.Deadline, null);
        // Without any deadline left there is nothing to look for below.
        if (_queue.Count > 0 && node.Children is { } children)
        {
            foreach (var (name, child) in children)
            {
                RemoveTree(KeyPath.Join(key, name), child);
            }
        }
    }

    private void AddTree(string key, StoreNode node)
    {
        Replace(key, null, node.Deadline);
        if (node.Children is { } children)
        {
            foreach (var (name, child) in children)
            {
                AddTree(KeyPath.Join(key, name), child);
            }
        }
    }
}
