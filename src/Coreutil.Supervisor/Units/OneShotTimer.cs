namespace Coreutil.Supervisor.Units;

/// <summary>One deadline at a time, reported on the supervisor's loop; a timer that fired just before it was replaced is not heard.</summary>
internal sealed class OneShotTimer(TimeProvider time, Action<Action> post, Action onDue)
{
    // The longest that a timer of the runtime waits; what is later is armed again on the way.
    private static readonly TimeSpan _longest = TimeSpan.FromDays(20);

    private ITimer? _timer;
    private int _number;

    public DateTimeOffset? Deadline { get; private set; }

    public void Arm(DateTimeOffset? deadline)
    {
        Deadline = deadline;
        _timer?.Dispose();
        _timer = null;
        int number = ++_number;
        if (deadline is not { } due)
        {
            return;
        }

        var delay = due - time.GetUtcNow();
        bool isLate = delay > _longest;
        delay = isLate ? _longest : delay > TimeSpan.Zero ? delay : TimeSpan.Zero;
        _timer = time.CreateTimer(_ => post(() => OnFired(number, isLate ? due : null)), null, delay, Timeout.InfiniteTimeSpan);
    }

    private void OnFired(int number, DateTimeOffset? later)
    {
        if (number != _number)
        {
            return;
        }

        if (later is not null)
        {
            Arm(later);
        }
        else
        {
            Deadline = null;
            onDue();
        }
    }
}
