namespace Coreutil.Etcd.Api;

/// <summary>Error codes of the v2 API. The table of messages and HTTP statuses is etcd 2.3's.</summary>
public enum EtcdErrorCode
{
    KeyNotFound = 100,
    TestFailed = 101,
    NotFile = 102,
    NotDirectory = 104,
    NodeExist = 105,
    RootReadOnly = 107,
    DirectoryNotEmpty = 108,
    Unauthorized = 110,
    PrevValueRequired = 201,
    TtlNotNumber = 202,
    IndexNotNumber = 203,
    InvalidField = 209,
    InvalidForm = 210,
    RefreshValue = 211,
    RefreshTtlRequired = 212,
    RaftInternal = 300,
    LeaderElect = 301,
    WatcherCleared = 400,
    EventIndexCleared = 401,
}

/// <summary>A refusal in the terms of the v2 API: a code, what it concerns, and the store index it was seen at (0 before the store was asked).</summary>
public sealed record EtcdError(EtcdErrorCode Code, string Cause, ulong Index)
{
    /// <summary>The server's own text, where it differs from ours (a newer or older release).</summary>
    public string? MessageOverride { get; init; }

    public string Message => MessageOverride ?? Code switch
    {
        EtcdErrorCode.KeyNotFound => "Key not found",
        EtcdErrorCode.TestFailed => "Compare failed",
        EtcdErrorCode.NotFile => "Not a file",
        EtcdErrorCode.NotDirectory => "Not a directory",
        EtcdErrorCode.NodeExist => "Key already exists",
        EtcdErrorCode.RootReadOnly => "Root is read only",
        EtcdErrorCode.DirectoryNotEmpty => "Directory not empty",
        EtcdErrorCode.Unauthorized => "The request requires user authentication",
        EtcdErrorCode.PrevValueRequired => "PrevValue is Required in POST form",
        EtcdErrorCode.TtlNotNumber => "The given TTL in POST form is not a number",
        EtcdErrorCode.IndexNotNumber => "The given index in POST form is not a number",
        EtcdErrorCode.InvalidField => "Invalid field",
        EtcdErrorCode.InvalidForm => "Invalid POST form",
        EtcdErrorCode.RefreshValue => "Value provided on refresh",
        EtcdErrorCode.RefreshTtlRequired => "A TTL must be provided on refresh",
        EtcdErrorCode.RaftInternal => "Raft Internal Error",
        EtcdErrorCode.LeaderElect => "During Leader Election",
        EtcdErrorCode.WatcherCleared => "watcher is cleared due to etcd recovery",
        EtcdErrorCode.EventIndexCleared => "The event in requested index is outdated and cleared",
        _ => "Unknown error",
    };

    /// <summary>The HTTP status the original answers with.</summary>
    public int HttpStatus => Code switch
    {
        EtcdErrorCode.KeyNotFound => 404,
        EtcdErrorCode.NotFile or EtcdErrorCode.DirectoryNotEmpty => 403,
        EtcdErrorCode.TestFailed or EtcdErrorCode.NodeExist => 412,
        EtcdErrorCode.Unauthorized => 401,
        EtcdErrorCode.RaftInternal or EtcdErrorCode.LeaderElect => 500,
        _ => 400,
    };

    public override string ToString() => $"{(int)Code}: {Message} ({Cause}) [{Index}]";
}
