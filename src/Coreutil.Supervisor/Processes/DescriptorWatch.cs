namespace Coreutil.Supervisor.Processes;

/// <summary>Tells when descriptors become readable, once each time they are asked about. One thread waits for them all.</summary>
public sealed unsafe class DescriptorWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly EventPoll _poll = new();
    private readonly Dictionary<int, Action> _watched = [];
    private readonly int _wakeRead;
    private readonly int _wakeWrite;
    private bool _isStopping;

    public DescriptorWatch()
    {
        int* ends = stackalloc int[2];
        if (LibC.Pipe(ends, LibC.OpenCloseOnExec) != 0)
        {
            throw new IOException($"pipe: {System.Runtime.InteropServices.Marshal.GetLastPInvokeErrorMessage()}");
        }

        (_wakeRead, _wakeWrite) = (ends[0], ends[1]);
        _poll.Watch(_wakeRead, isOnce: false);
        new Thread(Poll) { IsBackground = true, Name = "sockets" }.Start();
    }

    /// <summary>Calls <paramref name="onReadable"/> once, on the watch's thread.</summary>
    public void Watch(int descriptor, Action onReadable)
    {
        lock (_gate)
        {
            _watched[descriptor] = onReadable;
            _poll.Watch(descriptor, isOnce: true);
        }
    }

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
        byte one = 1;
        LibC.Write(_wakeWrite, &one, 1);
    }

    private void Poll()
    {
        int[] ready = new int[64];
        while (!_isStopping)
        {
            foreach (int descriptor in _poll.Wait(ready))
            {
                Action? onReadable;
                lock (_gate)
                {
                    if (_watched.Remove(descriptor, out onReadable))
                    {
                        _poll.Unwatch(descriptor);
                    }
                }

                onReadable?.Invoke();
            }
        }
    }
}
