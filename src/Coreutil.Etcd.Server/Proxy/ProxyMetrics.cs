using System.Collections.Concurrent;
using System.Globalization;
using Coreutil.Etcd.Server.Metrics;

namespace Coreutil.Etcd.Server.Proxy;

/// <summary>What a proxy counts, under etcd's names.</summary>
internal sealed class ProxyMetrics
{
    private readonly ConcurrentDictionary<string, long> _requests = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(int Status, string Method), long> _handled = new();
    private readonly ConcurrentDictionary<(string Method, string Cause), long> _dropped = new();
    private readonly Histogram _durations = new("etcd_proxy_handling_duration_seconds", "Bucketed histogram of handling time (s) of successful events (non-watches), by method.", 0.0005, 13);

    public void CountRequest(string method) => _requests.AddOrUpdate(method, 1, (_, count) => count + 1);

    public void CountDropped(string method, string cause) => _dropped.AddOrUpdate((method, cause), 1, (_, count) => count + 1);

    public void CountHandled(string method, int status, TimeSpan took)
    {
        _handled.AddOrUpdate((status, method), 1, (_, count) => count + 1);
        _durations.Observe(took);
    }

    public void WriteTo(TextWriter output)
    {
        MemberMetrics.WriteHead(output, "etcd_proxy_requests_total", "counter", "Counter requests incoming by method.");
        foreach (var (method, count) in _requests.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            MemberMetrics.WriteSample(output, "etcd_proxy_requests_total", $"method=\"{method}\"", count);
        }

        MemberMetrics.WriteHead(output, "etcd_proxy_handled_total", "counter", "Counter of requests fully handled (by authoratitave servers)");
        foreach (var ((status, method), count) in _handled.OrderBy(entry => entry.Key))
        {
            MemberMetrics.WriteSample(output, "etcd_proxy_handled_total", string.Create(CultureInfo.InvariantCulture, $"code=\"{status}\",method=\"{method}\""), count);
        }

        MemberMetrics.WriteHead(output, "etcd_proxy_dropped_total", "counter", "Counter of requests dropped on the proxy.");
        foreach (var ((method, cause), count) in _dropped.OrderBy(entry => entry.Key))
        {
            MemberMetrics.WriteSample(output, "etcd_proxy_dropped_total", $"method=\"{method}\",proxying_error=\"{cause}\"", count);
        }

        _durations.WriteTo(output);
    }
}
