namespace Coreutil.Supervisor.Processes;

/// <summary>Tells when descriptors become readable, once each time they are asked about. One thread waits for them all.</summary>
public sealed class DescriptorWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly EventPoll _poll = new();
    private readonly Dictionary<int, Action> _watched = [];
    private bool _isStopping;

    public DescriptorWatch() => new Thread(Poll) { IsBackground = true, Name = "sockets" }.Start();

    /// <summary>Calls <paramref name="onReadable"/> once, on the watch's thread.</summary>
    public void Watch(int descriptor, Action onReadable) => Watch(descriptor, LibC.PollIn, onReadable);

    /// <summary>The same for a file of the kernel's that says of itself that it has changed (proc(5): mountinfo).</summary>
    public void WatchChange(int descriptor, Action onChanged) => Watch(descriptor, LibC.PollPriority, onChanged);

    public void Unwatch(int descriptor)
    {
        lock (_gate)
        {
            if (_watched.Remove(descriptor))
            {
                _poll.Unwatch(descriptor);
            }
        }
    }

    public void Dispose()
    {
        _isStopping = true;
        _poll.Wake();
    }

    private void Watch(int descriptor, uint events, Action onReady)
    {
        lock (_gate)
        {
            _watched[descriptor] = onReady;
            _poll.Watch(descriptor, isOnce: true, events);
        }
    }

    private void Poll()
    {
        int[] ready = new int[64];
        while (!_isStopping)
        {
            foreach (int descriptor in _poll.Wait(ready))
            {
                Action? onReady;
                lock (_gate)
                {
                    if (_watched.Remove(descriptor, out onReady))
                    {
                        _poll.Unwatch(descriptor);
                    }
                }

                onReady?.Invoke();
            }
        }
    }
}
