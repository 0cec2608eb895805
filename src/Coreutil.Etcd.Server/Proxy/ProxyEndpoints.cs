using System.Collections.Immutable;

namespace Coreutil.Etcd.Server.Proxy;

/// <summary>The client URLs a proxy passes requests on to, shuffled; one that failed is passed over for a while (etcd.md §5).</summary>
internal sealed class ProxyEndpoints(TimeSpan failureWait, TimeProvider time, Random random)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DateTimeOffset> _failedUntil = new(StringComparer.Ordinal);
    private ImmutableArray<string> _urls = [];

    public ImmutableArray<string> Available
    {
        get
        {
            lock (_lock)
            {
                var now = time.GetUtcNow();
                return [.. _urls.Where(url => !_failedUntil.TryGetValue(url, out var until) || until <= now)];
            }
        }
    }

    /// <summary>Replaces the list; whether it had been empty and is no longer.</summary>
    public bool Replace(IEnumerable<string> urls)
    {
        string[] shuffled = [.. urls.Distinct(StringComparer.Ordinal)];
        random.Shuffle(shuffled);
        lock (_lock)
        {
            bool isNews = _urls.IsEmpty && shuffled.Length > 0;
            _urls = [.. shuffled];
            _failedUntil.Clear();
            return isNews;
        }
    }

    /// <summary>False when it was known as failed already.</summary>
    public bool Fail(string url)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            bool isNews = !_failedUntil.TryGetValue(url, out var until) || until <= now;
            _failedUntil[url] = now + failureWait;
            return isNews;
        }
    }
}
