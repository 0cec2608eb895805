using System.Runtime.InteropServices;

namespace Coreutil.Supervisor.Processes;

/// <summary>epoll(7): waiting for one of a thousand descriptors costs as much as for one of two.</summary>
internal sealed unsafe class EventPoll : IDisposable
{
    private const int Add = 1;
    private const int Delete = 2;
    private const int Modify = 3;
    private const uint OneShot = 1u << 30;
    private const int Most = 64;

    private readonly int _poll;
    private readonly int _wakeRead;
    private readonly int _wakeWrite;

    public EventPoll()
    {
        _poll = LibC.EventPollCreate(LibC.OpenCloseOnExec);
        if (_poll < 0)
        {
            throw new IOException($"epoll_create1: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        int* ends = stackalloc int[2];
        if (LibC.Pipe(ends, LibC.OpenCloseOnExec) != 0)
        {
            throw new IOException($"pipe: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        (_wakeRead, _wakeWrite) = (ends[0], ends[1]);
        Watch(_wakeRead, isOnce: false);
    }

    /// <summary>Ends this and every later waiting, with a descriptor that nobody knows.</summary>
    public void Wake()
    {
        byte one = 1;
        LibC.Write(_wakeWrite, &one, 1);
    }

    /// <summary>When nobody waits any more.</summary>
    public void Dispose()
    {
        LibC.Close(_wakeRead);
        LibC.Close(_wakeWrite);
        LibC.Close(_poll);
    }

    /// <summary>Reports the descriptor whenever it is readable (or has <paramref name="events"/>), or once and not again before the next call.</summary>
    public void Watch(int descriptor, bool isOnce, uint events = LibC.PollIn)
    {
        var wanted = new LibC.PollEvent { Events = events | (isOnce ? OneShot : 0), Descriptor = descriptor };
        if (LibC.EventPollControl(_poll, Modify, descriptor, &wanted) != 0)
        {
            LibC.EventPollControl(_poll, Add, descriptor, &wanted);
        }
    }

    /// <summary>To be called before the descriptor is closed: a copy that a child holds would keep it in the list.</summary>
    public void Unwatch(int descriptor)
    {
        LibC.PollEvent unused;
        LibC.EventPollControl(_poll, Delete, descriptor, &unused);
    }

    /// <summary>Waits; what became readable, or has ended.</summary>
    public ReadOnlySpan<int> Wait(Span<int> into)
    {
        var ready = stackalloc LibC.PollEvent[Most];
        int count = LibC.EventPollWait(_poll, ready, Math.Min(Most, into.Length), -1);
        for (int i = 0; i < count; i++)
        {
            into[i] = ready[i].Descriptor;
        }

        return into[..Math.Max(count, 0)];
    }
}
