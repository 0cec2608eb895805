using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Coreutil.Confd.Backends;

namespace Coreutil.Tests.Confd;

/// <summary>A store in memory that tells watchers what the test sets.</summary>
internal sealed class ScriptedBackend : IBackend
{
    private readonly ConcurrentDictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<Channel<BackendChange>> _watches = [];
    private int _failuresToCome;

    /// <summary>So many watches break with an exception nobody foresaw.</summary>
    public int FailuresToCome
    {
        init => _failuresToCome = value;
    }

    public void Set(string key, string value)
    {
        _values[key] = value;
        foreach (var watch in _watches)
        {
            watch.Writer.TryWrite(new BackendChange(key));
        }
    }

    public Task<IReadOnlyList<KeyValuePair<string, string>>> GetValuesAsync(KeyRequest request, CancellationToken cancel)
    {
        IReadOnlyList<KeyValuePair<string, string>> pairs =
            [.. _values.Where(pair => request.Keys.Any(key => key == "/" || pair.Key == key || pair.Key.StartsWith(key + "/", StringComparison.Ordinal)))];
        return Task.FromResult(pairs);
    }

    public async IAsyncEnumerable<BackendChange> WatchAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (Interlocked.Decrement(ref _failuresToCome) >= 0)
        {
            throw new InvalidOperationException("nobody foresaw this");
        }

        var watch = Channel.CreateUnbounded<BackendChange>();
        _watches.Add(watch);
        yield return new BackendChange(Key: null);
        await foreach (var change in watch.Reader.ReadAllAsync(cancel))
        {
            yield return change;
        }
    }

    public void Dispose()
    {
        // Holds nothing.
    }
}
