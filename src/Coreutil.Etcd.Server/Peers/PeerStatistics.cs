using Coreutil.Etcd.Server.Metrics;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Peers;

/// <summary>How a follower keeps up, as a leader shows it, in milliseconds.</summary>
internal readonly record struct LatencyFigures(double Current, double Average, double StandardDeviation, double Minimum, double Maximum, long Fails, long Successes);

/// <summary>
/// What goes to and comes from a member. A latency is the time from an append with entries to the answer that they are on that member's disk; one is
/// measured at a time.
/// </summary>
internal sealed class PeerStatistics(MemberMetrics metrics, TimeProvider time)
{
    private readonly Lock _lock = new();
    private (ulong Index, long SentAt) _sample;
    private double _current;
    private double _sum;
    private double _sumOfSquares;
    private double _minimum = double.MaxValue;
    private double _maximum;
    private long _successes;
    private long _fails;

    public PackageRate Sent { get; } = new(time);

    public PackageRate Received { get; } = new(time);

    public LatencyFigures Latency
    {
        get
        {
            lock (_lock)
            {
                double average = _successes == 0 ? 0 : _sum / _successes;
                double variance = _successes == 0 ? 0 : Math.Max(0, (_sumOfSquares / _successes) - (average * average));
                return new(_current, average, Math.Sqrt(variance), _successes == 0 ? 0 : _minimum, _maximum, _fails, _successes);
            }
        }
    }

    public void OnSend(Message message)
    {
        if (message is not Message.Append append)
        {
            return;
        }

        Sent.Count(append.Entries.Sum(entry => entry.Payload.Length));
        if (!append.Entries.IsEmpty)
        {
            lock (_lock)
            {
                // A sample whose answer got lost is given up.
                if (_sample.Index == 0 || time.GetElapsedTime(_sample.SentAt) > TimeSpan.FromSeconds(5))
                {
                    _sample = (append.Entries[^1].Index, time.GetTimestamp());
                }
            }
        }
    }

    public void OnReceive(Message message, int bytes)
    {
        switch (message)
        {
            case Message.Append:
                Received.Count(bytes);
                break;
            case Message.AnswerAppend { IsRejected: false } answer:
                OnAccepted(answer.Index);
                break;
        }
    }

    public void CountFailure()
    {
        metrics.CountUnsentMessage();
        lock (_lock)
        {
            _fails++;
        }
    }

    private void OnAccepted(ulong index)
    {
        lock (_lock)
        {
            if (_sample.Index == 0 || index < _sample.Index)
            {
                return;
            }

            var took = time.GetElapsedTime(_sample.SentAt);
            metrics.PeerLatency.Observe(took);
            _current = took.TotalMilliseconds;
            _sample = default;
            _sum += _current;
            _sumOfSquares += _current * _current;
            _minimum = Math.Min(_minimum, _current);
            _maximum = Math.Max(_maximum, _current);
            _successes++;
        }
    }
}

/// <summary>Packages and bytes a second over the last ten seconds, and how many packages there were at all.</summary>
internal sealed class PackageRate(TimeProvider time)
{
    private const int Seconds = 10;
    private readonly Lock _lock = new();
    private readonly (long Second, long Packages, long Bytes)[] _slots = new (long, long, long)[Seconds + 1];
    private long _total;

    public long Total => Interlocked.Read(ref _total);

    public (double Packages, double Bytes) PerSecond
    {
        get
        {
            lock (_lock)
            {
                long now = Now();
                var recent = _slots.Where(slot => slot.Second < now && slot.Second >= now - Seconds).ToArray();
                return (recent.Sum(slot => slot.Packages) / (double)Seconds, recent.Sum(slot => slot.Bytes) / (double)Seconds);
            }
        }
    }

    public void Count(int bytes)
    {
        Interlocked.Increment(ref _total);
        lock (_lock)
        {
            long now = Now();
            ref var slot = ref _slots[now % _slots.Length];
            slot = slot.Second == now ? (now, slot.Packages + 1, slot.Bytes + bytes) : (now, 1, bytes);
        }
    }

    private long Now() => time.GetTimestamp() / time.TimestampFrequency;
}
