namespace Coreutil.Etcd.Server.Store;

/// <summary>Which tree a command changes. All share one index, as in etcd, whose own records count as events too.</summary>
internal enum StoreSpace : byte
{
    Keys = 0,

    /// <summary>Members and the cluster's version.</summary>
    Cluster = 1,

    /// <summary>Users, roles and whether they count: etcd's own keys under <c>/2</c>, which clients never see.</summary>
    Auth = 2,
}

/// <summary>Numbers are written to the log and never change.</summary>
internal enum StoreAction : byte
{
    Set = 1,
    Create = 2,
    CreateInOrder = 3,
    Update = 4,
    CompareAndSwap = 5,
    Delete = 6,
    CompareAndDelete = 7,
    Expire = 8,
}

/// <summary>
/// A change as it is replicated. It carries every time it needs, stamped by the member that proposed it, so that all members do the same.
/// </summary>
internal sealed record StoreCommand(StoreAction Action, string Key, DateTimeOffset Now)
{
    public StoreSpace Space { get; init; }

    public string Value { get; init; } = "";

    public bool IsDirectory { get; init; }

    public bool IsRecursive { get; init; }

    /// <summary>Keeps the value, renews the TTL, wakes no watcher.</summary>
    public bool IsRefresh { get; init; }

    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Empty: not compared.</summary>
    public string PrevValue { get; init; } = "";

    /// <summary>0: not compared.</summary>
    public ulong PrevIndex { get; init; }
}
