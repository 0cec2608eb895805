using System.Collections.Concurrent;
using Coreutil.Etcd.Client;

namespace Coreutil.FleetSimulation;

/// <summary>What all machines together ask of the store, by kind.</summary>
internal sealed class RequestCounter
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    public long Total => _counts.Values.Sum();

    public void Add(EtcdRequest request, Uri endpoint) => _counts.AddOrUpdate(KindOf(request), 1, (_, count) => count + 1);

    public SortedDictionary<string, long> Read() => new(_counts, StringComparer.Ordinal);

    private static string KindOf(EtcdRequest request)
    {
        string[] parts = request.PathAndQuery.Split('?')[0].Split('/', StringSplitOptions.RemoveEmptyEntries);
        string what = parts is ["v2", "keys", "_coreos.com", "fleet", var category, ..] ? category : "all";
        return $"{(request.IsLongPoll ? "wait" : request.Method.Method)} {what}";
    }
}
