using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Coreutil.Supervisor.Processes;

/// <summary>
/// A path and all that is on the way to it, watched by inotify(7): as far as it is there now. Whatever happens on the way, whoever hears of it watches anew.
/// </summary>
internal sealed unsafe class PathWatch : IDisposable
{
    public const uint AttributesChanged = 0x4;
    public const uint Modified = 0x2;
    public const uint WritingEnded = 0x8;
    public const uint MovedOut = 0x40;
    public const uint MovedIn = 0x80;
    public const uint Created = 0x100;
    public const uint Deleted = 0x200;
    public const uint SelfDeleted = 0x400;
    public const uint SelfMoved = 0x800;

    private const uint DoNotFollow = 0x02000000;
    private const int NoEntry = 2;
    private const int NoAccess = 13;

    /// <summary>What may bring the next part of the way, or take this one.</summary>
    private const uint OnTheWay = SelfMoved | SelfDeleted | AttributesChanged | Created | MovedIn;

    private int _target = -1;

    /// <param name="path">Absolute.</param>
    /// <param name="events">What of the path itself counts.</param>
    /// <exception cref="Win32Exception">The kernel watches no more, or a file is on the way.</exception>
    public PathWatch(string path, uint events)
    {
        Descriptor = LibC.CreateInotify(LibC.OpenCloseOnExec | LibC.OpenNonBlocking);
        if (Descriptor < 0)
        {
            throw new Win32Exception();
        }

        try
        {
            Watch(path.TrimEnd('/'), events);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Readable when something happened.</summary>
    public int Descriptor { get; }

    /// <summary>Takes what has happened: whether some of it was at the path itself.</summary>
    public bool TakeEvents()
    {
        const int head = 16;
        byte* buffer = stackalloc byte[4096];
        bool isAtTarget = false;
        for (nint count; (count = LibC.Read(Descriptor, buffer, 4096)) > 0;)
        {
            for (nint at = 0; at < count; at += head + *(int*)(buffer + at + 12))
            {
                isAtTarget |= *(int*)(buffer + at) == _target;
            }
        }

        return isAtTarget;
    }

    public void Dispose() => LibC.Close(Descriptor);

    private void Watch(string path, uint events)
    {
        string? before = null;
        for (int slash = 0; ; slash = path.IndexOf('/', slash + 1))
        {
            string part = slash < 0 ? path : slash == 0 ? "/" : path[..slash];
            if (!TryAdd(part, slash < 0 ? events : OnTheWay, out int watch))
            {
                return;
            }

            // Of a directory whose next part is there nothing matters any more but where it is.
            if (before is not null)
            {
                LibC.AddInotifyWatch(Descriptor, before, SelfMoved);
            }

            if (slash < 0)
            {
                _target = watch;
                return;
            }

            before = part;
        }
    }

    /// <summary>Watches a link and what it leads to. False where there is nothing yet.</summary>
    private bool TryAdd(string path, uint events, out int watch)
    {
        watch = -1;
        foreach (uint mode in (ReadOnlySpan<uint>)[DoNotFollow, 0])
        {
            watch = LibC.AddInotifyWatch(Descriptor, path, events | mode);
            int error = Marshal.GetLastPInvokeError();
            if (watch < 0)
            {
                return error is NoEntry or NoAccess ? false : throw new Win32Exception(error);
            }
        }

        return true;
    }
}
