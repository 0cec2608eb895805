using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Server.Store;

/// <summary>Counts of this member since it started, for <c>/v2/stats/store</c>.</summary>
internal sealed class StoreStatistics
{
    /// <summary>The pairs in the order and with the names of the reply; each has a success and a failure.</summary>
    private static readonly string[] _names = ["gets", "sets", "delete", "update", "create", "compareAndSwap", "compareAndDelete"];

    private const int Sets = 1;
    private const int Creates = 4;
    private readonly long[] _counts = new long[_names.Length * 2];
    private long _expired;

    public void CountGet(bool succeeded) => Interlocked.Increment(ref _counts[succeeded ? 0 : 1]);

    public void Count(StoreCommand command, StoreOutcome outcome)
    {
        if (command.Action == StoreAction.Expire)
        {
            Interlocked.Add(ref _expired, outcome.Events.Length);
            return;
        }

        int pair = command.Action switch
        {
            StoreAction.Set => Sets,
            StoreAction.Delete => 2,
            StoreAction.Update => 3,
            StoreAction.Create or StoreAction.CreateInOrder => Creates,
            StoreAction.CompareAndSwap => 5,
            _ => 6,
        };
        Interlocked.Increment(ref _counts[(pair * 2) + (outcome.Refusal is null ? 0 : 1)]);
        if (pair == Creates && outcome.Refusal?.Code == EtcdErrorCode.NotDirectory)
        {
            // etcd's creation below a file counts as a failed set, too.
            Interlocked.Increment(ref _counts[(Sets * 2) + 1]);
        }
    }

    public long Expired => Interlocked.Read(ref _expired);

    /// <summary>Successes and failures by action, a read's being <c>get</c>.</summary>
    public IEnumerable<(string Action, long Succeeded, long Failed)> Counts() => _names.Select((name, i) =>
        (name.TrimEnd('s'), Interlocked.Read(ref _counts[2 * i]), Interlocked.Read(ref _counts[(2 * i) + 1])));

    public byte[] ToJson(int watchers) => EtcdJson.Write(writer =>
    {
        writer.WriteStartObject();
        for (int i = 0; i < _counts.Length; i++)
        {
            writer.WriteNumber(_names[i / 2] + (i % 2 == 0 ? "Success" : "Fail"), Interlocked.Read(ref _counts[i]));
        }

        writer.WriteNumber("expireCount"u8, Expired);
        writer.WriteNumber("watchers"u8, watchers);
        writer.WriteEndObject();
    });
}
