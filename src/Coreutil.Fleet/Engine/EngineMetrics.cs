namespace Coreutil.Fleet.Engine;

/// <summary>What /metrics tells of the engine, under the original's names.</summary>
public sealed class EngineMetrics
{
    private readonly Lock _lock = new();
    private Numbers _numbers = new();

    public Numbers Current
    {
        get
        {
            lock (_lock)
            {
                return _numbers;
            }
        }
    }

    public void OnLeadership(bool isLeader, DateTimeOffset now) =>
        Change(numbers => numbers with { LeaderSince = isLeader ? now.ToUnixTimeMilliseconds() / 1000.0 : 0 });

    public void OnDecision(Decision decision) => Change(numbers => decision is Decision.Schedule
        ? numbers with { Scheduled = numbers.Scheduled + 1 }
        : numbers with { Unscheduled = numbers.Unscheduled + 1 });

    public void OnPass(TimeSpan took) => Change(numbers => numbers with { Passes = numbers.Passes + 1, PassSeconds = numbers.PassSeconds + took.TotalSeconds });

    private void Change(Func<Numbers, Numbers> change)
    {
        lock (_lock)
        {
            _numbers = change(_numbers);
        }
    }

    /// <param name="LeaderSince">Seconds since 1970, 0 while another engine leads.</param>
    public sealed record Numbers(double LeaderSince = 0, long Scheduled = 0, long Unscheduled = 0, long Passes = 0, double PassSeconds = 0);
}
