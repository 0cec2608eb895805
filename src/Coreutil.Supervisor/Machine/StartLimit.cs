namespace Coreutil.Supervisor.Machine;

/// <summary>StartLimitBurst= starts in StartLimitIntervalSec=, counted from the first one (systemd's rate limit); zero of either switches it off.</summary>
public sealed class StartLimit
{
    private DateTimeOffset _begin;
    private int _count;

    public bool TryTake(int burst, TimeSpan interval, DateTimeOffset now)
    {
        if (burst <= 0 || interval <= TimeSpan.Zero)
        {
            return true;
        }

        if (_count == 0 || now - _begin >= interval)
        {
            (_begin, _count) = (now, 1);
            return true;
        }

        if (_count < burst)
        {
            _count++;
            return true;
        }

        return false;
    }

    public void Reset() => _count = 0;
}
