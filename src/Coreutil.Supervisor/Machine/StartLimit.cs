namespace Coreutil.Supervisor.Machine;

/// <summary>StartLimitBurst= starts in StartLimitIntervalSec=, counted from the first one (systemd's rate limit); zero of either switches it off.</summary>
public sealed class StartLimit
{
    /// <summary>When the first counted start was, and how many there were since.</summary>
    public DateTimeOffset Begin { get; private set; }

    public int Count { get; private set; }

    public bool TryTake(int burst, TimeSpan interval, DateTimeOffset now)
    {
        if (burst <= 0 || interval <= TimeSpan.Zero)
        {
            return true;
        }

        if (Count == 0 || now - Begin >= interval)
        {
            (Begin, Count) = (now, 1);
            return true;
        }

        if (Count < burst)
        {
            Count++;
            return true;
        }

        return false;
    }

    public void Reset() => Count = 0;

    public void Recall(DateTimeOffset begin, int count) => (Begin, Count) = (begin, count);
}
