using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Client;

/// <summary>The v2 key space. A refusal is thrown as <see cref="EtcdException"/>, no answer at all as <see cref="EtcdUnavailableException"/>.</summary>
public interface IKeysApi
{
    Task<KeyResponse> GetAsync(string key, GetOptions options, CancellationToken cancel);

    Task<KeyResponse> SetAsync(string key, string? value, SetOptions options, CancellationToken cancel);

    /// <summary>POST: a key with the next index as its name, below the directory.</summary>
    Task<KeyResponse> CreateInOrderAsync(string directory, string value, TimeSpan? ttl, CancellationToken cancel);

    Task<KeyResponse> DeleteAsync(string key, DeleteOptions options, CancellationToken cancel);

    /// <summary>One long poll: the first event at or after <paramref name="waitIndex"/> (0: from now on).</summary>
    Task<KeyResponse> WaitAsync(string key, bool isRecursive, ulong waitIndex, CancellationToken cancel);
}

public sealed record GetOptions(bool IsRecursive = false, bool IsSorted = false, bool IsQuorum = false);

/// <summary>PUT. Null means "not sent"; <see cref="IsRefresh"/> needs a TTL and no value.</summary>
public sealed record SetOptions(
    TimeSpan? Ttl = null,
    bool? PrevExist = null,
    string? PrevValue = null,
    ulong PrevIndex = 0,
    bool IsDirectory = false,
    bool IsRefresh = false);

public sealed record DeleteOptions(bool IsDirectory = false, bool IsRecursive = false, string? PrevValue = null, ulong PrevIndex = 0);

/// <summary>An event with the index headers it came with.</summary>
public sealed record KeyResponse(KeyEvent Event, ulong EtcdIndex)
{
    public KeyNode Node => Event.Node;
}
