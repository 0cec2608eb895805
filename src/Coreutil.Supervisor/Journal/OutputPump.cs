using System.Runtime.InteropServices;
using System.Text;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Journal;

/// <summary>
/// Reads what units print. Each unit has a named pipe that its processes hold open for reading too: while unitd is down nobody gets an EPIPE, and the
/// next unitd reads on where the last one stopped. One thread waits for them all.
/// </summary>
public sealed unsafe class OutputPump : IDisposable
{
    private readonly object _gate = new();
    private readonly EventPoll _poll = new();
    private readonly Dictionary<int, Source> _sources = [];
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly Thread _thread;
    private bool _isStopping;

    public OutputPump()
    {
        _thread = new Thread(Pump) { IsBackground = true, Name = "output" };
        _thread.Start();
    }

    /// <summary>Opens (and makes) the pipe at <paramref name="path"/>; the descriptor is what a spawned process gets as its output.</summary>
    /// <param name="path">The named pipe.</param>
    /// <param name="onLine">Called on the pump's thread with each whole line.</param>
    /// <param name="half">What another supervisor had read of a line.</param>
    public int Open(string path, Action<string> onLine, byte[] half)
    {
        if (!File.Exists(path) && LibC.MakeFifo(path, 0x180) != 0)
        {
            throw new IOException($"cannot make the pipe {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        int descriptor = LibC.Open(path, LibC.OpenReadWrite | LibC.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open the pipe {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        lock (_gate)
        {
            _sources[descriptor] = new Source(onLine, half);
            _poll.Watch(descriptor, isOnce: false);
        }

        return descriptor;
    }

    /// <summary>Where output goes that cannot be kept.</summary>
    public int Nowhere { get; } = LibC.Open("/dev/null", LibC.OpenReadWrite | LibC.OpenCloseOnExec, 0);

    /// <summary>Reads what is there by now.</summary>
    /// <param name="descriptor">Of the pipe.</param>
    /// <param name="isAll">Nobody prints any more: a line that has begun ends here.</param>
    public void Drain(int descriptor, bool isAll)
    {
        lock (_gate)
        {
            if (!_sources.TryGetValue(descriptor, out var source))
            {
                return;
            }

            Read(descriptor, source);
            if (isAll)
            {
                source.End();
            }
        }
    }

    /// <summary>Reads what is there still.</summary>
    public void Close(int descriptor)
    {
        lock (_gate)
        {
            Drain(descriptor, isAll: true);
            _sources.Remove(descriptor);
            _poll.Unwatch(descriptor);
            LibC.Close(descriptor);
        }
    }

    /// <summary>Nothing is read until this is disposed of; all whole lines that were read have been reported.</summary>
    public IDisposable Freeze() => new HeldLock(_gate);

    /// <summary>The line that has begun and not ended yet.</summary>
    public byte[] HalfLine(int descriptor)
    {
        lock (_gate)
        {
            return _sources.TryGetValue(descriptor, out var source) ? source.Rest : [];
        }
    }

    public void Dispose()
    {
        _isStopping = true;
        _poll.Wake();
        _thread.Join();
        _poll.Dispose();
        LibC.Close(Nowhere);
    }

    private void Pump()
    {
        int[] ready = new int[64];
        while (!_isStopping)
        {
            foreach (int descriptor in _poll.Wait(ready))
            {
                // Closing takes the lock as well: a descriptor that is still listed is still the same pipe.
                lock (_gate)
                {
                    if (_sources.TryGetValue(descriptor, out var source))
                    {
                        Read(descriptor, source);
                    }
                }
            }
        }
    }

    /// <summary>All that is there by now; somebody else may have read it already, and reading on would wait.</summary>
    private void Read(int descriptor, Source source)
    {
        int waiting = 0;
        if (LibC.DeviceControl(descriptor, LibC.BytesToRead, &waiting) != 0)
        {
            return;
        }

        while (waiting > 0)
        {
            int count;
            fixed (byte* into = _buffer)
            {
                count = (int)LibC.Read(descriptor, into, (nuint)Math.Min(waiting, _buffer.Length));
            }

            if (count <= 0)
            {
                return;
            }

            source.Take(_buffer.AsSpan(0, count));
            waiting -= count;
        }
    }

    /// <summary>Bytes to lines; an endless line is cut into pieces.</summary>
    private sealed class Source(Action<string> onLine, byte[] half)
    {
        private const int LongestLine = 48 * 1024;

        private readonly List<byte> _rest = [.. half];

        public byte[] Rest => [.. _rest];

        public void End()
        {
            if (_rest.Count > 0)
            {
                EndLine();
            }
        }

        public void Take(ReadOnlySpan<byte> bytes)
        {
            foreach (byte next in bytes)
            {
                if (next == '\n' || _rest.Count == LongestLine)
                {
                    EndLine();
                }

                if (next != '\n')
                {
                    _rest.Add(next);
                }
            }
        }

        private void EndLine()
        {
            onLine(Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(_rest)));
            _rest.Clear();
        }
    }
}
