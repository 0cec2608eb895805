using System.Collections.Immutable;

namespace Coreutil.Confd.Backends;

/// <summary>A source of keys. What cannot be read is a <see cref="ConfdException"/>.</summary>
internal interface IBackend : IDisposable
{
    /// <summary>All pairs at and below the keys, under their full names; both are byte strings (<see cref="Templates.GoText"/>).</summary>
    Task<IReadOnlyList<KeyValuePair<string, string>>> GetValuesAsync(KeyRequest request, CancellationToken cancel);

    /// <summary>
    /// Says when something at or below <paramref name="prefix"/> may have changed, first of all at once; nothing is lost in between. Never ends by itself.
    /// </summary>
    IAsyncEnumerable<BackendChange> WatchAsync(string prefix, CancellationToken cancel);
}

/// <summary>What a resource reads; <see cref="MayBeMissing"/> says that a key which is not there is no error.</summary>
internal sealed record KeyRequest(ImmutableArray<string> Keys, bool MayBeMissing = false);

/// <summary>A change of <see cref="Key"/>; null means anything may have changed. <see cref="Failure"/> says why nothing can be seen just now.</summary>
internal sealed record BackendChange(string? Key, string? Failure = null)
{
    /// <summary>Whether a resource that reads <paramref name="wanted"/> is concerned: the key is one of these, below one or above one.</summary>
    public bool Concerns(ImmutableArray<string> wanted) =>
        Failure is null && (Key is not { } changed || wanted.Any(key => IsWithin(changed, key) || IsWithin(key, changed)));

    private static bool IsWithin(string key, string directory) =>
        directory == "/" || key == directory || key.StartsWith(directory + "/", StringComparison.Ordinal);
}
