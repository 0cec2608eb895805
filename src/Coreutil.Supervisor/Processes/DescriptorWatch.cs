namespace Coreutil.Supervisor.Processes;

/// <summary>Tells when descriptors become readable, once each time they are asked about. One thread polls them all.</summary>
public sealed unsafe class DescriptorWatch : IDisposable
{
    private readonly Lock _gate = new();
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
        new Thread(Poll) { IsBackground = true, Name = "sockets" }.Start();
    }

    /// <summary>Calls <paramref name="onReadable"/> once, on the watch's thread.</summary>
    public void Watch(int descriptor, Action onReadable)
    {
        lock (_gate)
        {
            _watched[descriptor] = onReadable;
        }

        Wake();
    }

    public void Unwatch(int descriptor)
    {
        lock (_gate)
        {
            _watched.Remove(descriptor);
        }

        Wake();
    }

    public void Dispose()
    {
        _isStopping = true;
        Wake();
    }

    private void Poll()
    {
        byte* drained = stackalloc byte[64];
        while (!_isStopping)
        {
            LibC.PollEntry[] entries;
            lock (_gate)
            {
                entries = [Entry(_wakeRead), .. _watched.Keys.Select(Entry)];
            }

            fixed (LibC.PollEntry* first = entries)
            {
                if (LibC.Poll(first, (nuint)entries.Length, -1) < 0)
                {
                    continue;
                }
            }

            foreach (var entry in entries.Where(entry => entry.Returned != 0))
            {
                if (entry.Descriptor == _wakeRead)
                {
                    LibC.Read(_wakeRead, drained, 64);
                    continue;
                }

                Action? onReadable;
                lock (_gate)
                {
                    _watched.Remove(entry.Descriptor, out onReadable);
                }

                onReadable?.Invoke();
            }
        }
    }

    private static LibC.PollEntry Entry(int descriptor) => new() { Descriptor = descriptor, Events = LibC.PollIn };

    private void Wake()
    {
        byte one = 1;
        LibC.Write(_wakeWrite, &one, 1);
    }
}
