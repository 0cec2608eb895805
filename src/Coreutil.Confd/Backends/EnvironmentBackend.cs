using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Coreutil.Confd.Templates;

namespace Coreutil.Confd.Backends;

/// <summary>
/// Environment variables: <c>/app/db</c> finds every variable whose name starts with <c>APP_DB</c>, and <c>APP_DB_HOST</c> is <c>/app/db/host</c>
/// (confd.md §8). The environment of a process does not change, so watching it renders once.
/// </summary>
internal sealed class EnvironmentBackend(ImmutableDictionary<string, string> variables) : IBackend
{
    public Task<IReadOnlyList<KeyValuePair<string, string>>> GetValuesAsync(KeyRequest request, CancellationToken cancel)
    {
        string[] starts = [.. request.Keys.Select(key => key.TrimStart('/').Replace('/', '_').ToUpperInvariant())];
        IReadOnlyList<KeyValuePair<string, string>> pairs =
        [
            .. variables
                .Where(variable => starts.Any(start => variable.Key.StartsWith(start, StringComparison.Ordinal)))
                .OrderBy(variable => variable.Key, StringComparer.Ordinal)
                .Select(variable => new KeyValuePair<string, string>(GoText.FromUtf16(KeyOf(variable.Key)), GoText.FromUtf16(variable.Value))),
        ];
        return Task.FromResult(pairs);
    }

    public async IAsyncEnumerable<BackendChange> WatchAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        yield return new BackendChange(Key: null);
        await Task.Delay(Timeout.InfiniteTimeSpan, cancel);
    }

    public void Dispose()
    {
        // Holds nothing.
    }

#pragma warning disable CA1308 // The keys of this backend are lower case by definition.
    private static string KeyOf(string variable) => "/" + variable.ToLowerInvariant().Replace('_', '/');
#pragma warning restore CA1308
}
