using System.Collections.Immutable;

namespace Coreutil.Etcd.Api;

/// <summary>What happened to a key: the action's wire name, the node after it and the node before it.</summary>
public sealed record KeyEvent(string Action, KeyNode Node, KeyNode? PrevNode = null);

/// <summary>
/// A key as the API shows it. <see cref="Value"/> is null for a directory and for the node of a delete or expiry; the root has an empty key and no indexes.
/// </summary>
public sealed record KeyNode
{
    public required string Key { get; init; }

    public string? Value { get; init; }

    public bool IsDirectory { get; init; }

    /// <summary>UTC, as text on the wire with Go's RFC 3339 nanoseconds.</summary>
    public DateTimeOffset? Expiration { get; init; }

    /// <summary>Seconds left, rounded up; negative when overdue; 0 when the key has no TTL.</summary>
    public long TtlSeconds { get; init; }

    /// <summary>Children of a listed directory; default when it was not listed.</summary>
    public ImmutableArray<KeyNode> Nodes { get; init; } = [];

    public ulong ModifiedIndex { get; init; }

    public ulong CreatedIndex { get; init; }
}
