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
            // Buckets hold what is below them, too: that is summed up when they are shown.
            double limit = firstBucketSeconds;
            int bucket = 0;
            for (; bucket < _counts.Length && seconds > limit; bucket++)
            {
                limit *= 2;
            }

            if (bucket < _counts.Length)
            {
                _counts[bucket]++;
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
            long below = 0;
            foreach (long count in _counts)
            {
                below += count;
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}_bucket{{{label}{comma}le=\"{limit}\"}} {below}"));
                limit *= 2;
            }

            output.WriteLine($"{name}_bucket{{{label}{comma}le=\"+Inf\"}} {_count}");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}_sum{braces} {_sum}"));
            output.WriteLine($"{name}_count{braces} {_count}");
        }
    }
}
