using System.Globalization;
using Coreutil.Core.CommandLine;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Store;

namespace Coreutil.Etcd.Server.Http;

/// <summary>What a request to /v2/keys asks for. Making one is a pure function of the request's text and the time.</summary>
internal abstract record KeysRequest
{
    /// <summary>A refusal of ours: deeper keys would cost the stack of whoever walks the tree.</summary>
    public const int MaximumDepth = 255;

    /// <summary>An overflowed TTL may lie before this; etcd then takes the key for permanent (etcd.md §1.8).</summary>
    private static readonly DateTimeOffset _earliestDeadline = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly string[] _booleans = ["recursive", "sorted", "wait", "dir", "quorum", "stream"];

    private KeysRequest()
    {
    }

    public sealed record Read(string Key, bool IsRecursive, bool IsQuorum) : KeysRequest;

    public sealed record Watch(string Key, bool IsRecursive, bool IsStream, ulong SinceIndex) : KeysRequest;

    public sealed record Write(StoreCommand Command) : KeysRequest;

    /// <summary>The request, or the first failure in etcd's order of checks (etcd.md §1.2).</summary>
    public static (KeysRequest? Request, EtcdError? Refusal) Parse(string method, string key, FormValues form, DateTimeOffset now)
    {
        if (form.Failure is { } failure)
        {
            return Refuse(EtcdErrorCode.InvalidForm, failure);
        }

        if (key.AsSpan().Count('/') > MaximumDepth)
        {
            return Refuse(EtcdErrorCode.InvalidField, $"a key has at most {MaximumDepth} components");
        }

        if (!TryNumber(form["prevIndex"] ?? "0", out ulong prevIndex))
        {
            return Refuse(EtcdErrorCode.IndexNotNumber, "invalid value for \"prevIndex\"");
        }

        if (!TryNumber(form["waitIndex"] ?? "0", out ulong waitIndex))
        {
            return Refuse(EtcdErrorCode.IndexNotNumber, "invalid value for \"waitIndex\"");
        }

        foreach (string name in _booleans)
        {
            if (IsBadBoolean(form[name]))
            {
                return Refuse(EtcdErrorCode.InvalidField, $"invalid value for \"{name}\"");
            }
        }

        bool isWait = Flag(form["wait"]);
        if (isWait && method != "GET")
        {
            return Refuse(EtcdErrorCode.InvalidField, "\"wait\" can only be used with GET requests");
        }

        if (form["prevValue"] is "")
        {
            return Refuse(EtcdErrorCode.PrevValueRequired, "\"prevValue\" cannot be empty");
        }

        ulong? ttl = null;
        if (form["ttl"] is { Length: > 0 } ttlText)
        {
            if (!TryNumber(ttlText, out ulong seconds))
            {
                return Refuse(EtcdErrorCode.TtlNotNumber, "invalid value for \"ttl\"");
            }

            ttl = seconds;
        }

        if (IsBadBoolean(form["prevExist"]))
        {
            return Refuse(EtcdErrorCode.InvalidField, "invalid value for prevExist");
        }

        if (IsBadBoolean(form["refresh"]))
        {
            return Refuse(EtcdErrorCode.InvalidField, "invalid value for refresh");
        }

        bool isRefresh = Flag(form["refresh"]);
        if (isRefresh && form["value"] is { Length: > 0 })
        {
            return Refuse(EtcdErrorCode.RefreshValue, "A value was provided on a refresh");
        }

        if (isRefresh && ttl is null)
        {
            return Refuse(EtcdErrorCode.RefreshTtlRequired, "No TTL value set");
        }

        if (method is "GET" or "HEAD")
        {
            // A quorum read is answered at once, even where wait is asked for.
            bool isWatch = isWait && !Flag(form["quorum"]);
            return (isWatch
                ? new Watch(key, Flag(form["recursive"]), Flag(form["stream"]), waitIndex)
                : new Read(key, Flag(form["recursive"]), Flag(form["quorum"])), null);
        }

        string prevValue = method == "POST" ? "" : form["prevValue"] ?? "";
        var action = ActionOf(method, method == "PUT" && form["prevExist"] is { } word ? Flag(word) : null, prevValue.Length > 0 || prevIndex > 0);
        return (new Write(new StoreCommand(action, key, now)
        {
            Value = form["value"] ?? "",
            IsDirectory = Flag(form["dir"]),
            IsRecursive = Flag(form["recursive"]),
            IsRefresh = isRefresh && method == "PUT",
            Deadline = Deadline(ttl, now),
            PrevValue = prevValue,
            PrevIndex = method == "POST" ? 0 : prevIndex,
        }), null);
    }

    /// <summary>etcd.md §1.3.</summary>
    private static StoreAction ActionOf(string method, bool? prevExist, bool isCompare) => (method, prevExist, isCompare) switch
    {
        ("POST", _, _) => StoreAction.CreateInOrder,
        ("DELETE", _, true) => StoreAction.CompareAndDelete,
        ("DELETE", _, false) => StoreAction.Delete,
        (_, false, _) => StoreAction.Create,
        (_, _, true) => StoreAction.CompareAndSwap,
        (_, true, _) => StoreAction.Update,
        _ => StoreAction.Set,
    };

    /// <summary>The nanoseconds since 1970 overflow as they do in Go: a huge TTL may lie in the past.</summary>
    private static DateTimeOffset? Deadline(ulong? ttlSeconds, DateTimeOffset now)
    {
        if (ttlSeconds is not { } seconds)
        {
            return null;
        }

        long epoch = (now - DateTimeOffset.UnixEpoch).Ticks;
        long nanoseconds = unchecked((epoch * TimeSpan.NanosecondsPerTick) + ((long)seconds * 1_000_000_000));
        var deadline = DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
        return deadline < _earliestDeadline ? null : deadline;
    }

    private static bool TryNumber(string text, out ulong number) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static bool IsBadBoolean(string? text) => text is not null && GoFlags.ParseBoolean(text) is null;

    private static bool Flag(string? text) => text is not null && GoFlags.ParseBoolean(text) == true;

    private static (KeysRequest?, EtcdError?) Refuse(EtcdErrorCode code, string cause) => (null, new EtcdError(code, cause, 0));
}
