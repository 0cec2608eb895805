namespace Coreutil.Applets.Fleetctl;

/// <summary>
/// The pauses of one waiting: short at first, since most of what is waited for takes a few milliseconds, and growing to the original's quarter of a second.
/// </summary>
internal sealed class PollPause(TimeProvider time)
{
    private static readonly TimeSpan _first = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan _longest = TimeSpan.FromMilliseconds(250);
    private readonly long _started = time.GetTimestamp();
    private TimeSpan _next = _first;

    public TimeSpan Waited => time.GetElapsedTime(_started);

    public async Task TakeAsync(CancellationToken cancel)
    {
        await Task.Delay(_next, time, cancel);
        _next = _next * 1.5 < _longest ? _next * 1.5 : _longest;
    }
}
