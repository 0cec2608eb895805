using System.Globalization;

namespace Coreutil.Etcd.Server.Metrics;

/// <summary>Durations in buckets that double, as Prometheus reads them.</summary>
internal sealed class Histogram(string name, string help, double firstBucketSeconds, int buckets)
{
    private readonly Lock _lock = new();
    private readonly long[] _counts = new long[buckets];
    private long _count;
    private double _sum;

    public void Observe(TimeSpan took)
    {
        double seconds = took.TotalSeconds;
        lock (_lock)
        {
            _count++;
            _sum += seconds;
            double limit = firstBucketSeconds;
            for (int i = 0; i < _counts.Length; i++, limit *= 2)
            {
                if (seconds <= limit)
                {
                    _counts[i]++;
                }
            }
        }
    }

    /// <param name="label">Empty, or a label with its value: <c>method="GET"</c>.</param>
    public void WriteTo(TextWriter output, string label = "", bool withHead = true)
    {
        if (withHead)
        {
            output.WriteLine($"# HELP {name} {help}");
            output.WriteLine($"# TYPE {name} histogram");
        }

        lock (_lock)
        {
            string comma = label.Length > 0 ? "," : "";
            string braces = label.Length > 0 ? $"{{{label}}}" : "";
            double limit = firstBucketSeconds;
            foreach (long count in _counts)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}_bucket{{{label}{comma}le=\"{limit}\"}} {count}"));
                limit *= 2;
            }

            output.WriteLine($"{name}_bucket{{{label}{comma}le=\"+Inf\"}} {_count}");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}_sum{braces} {_sum}"));
            output.WriteLine($"{name}_count{braces} {_count}");
        }
    }
}
