using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Coreutil.Supervisor.Processes;

/// <summary>What the kernel wants of an automount.</summary>
/// <param name="Token">To be answered with this number.</param>
/// <param name="IsExpiry">The file system has not been used for long: it may go. Else somebody waits for it to come.</param>
/// <param name="Process">Who does.</param>
internal readonly record struct AutofsRequest(uint Token, bool IsExpiry, int Process);

/// <summary>
/// A directory at which the kernel holds up whoever comes by until a file system is mounted over it: autofs, protocol 5, direct mounts
/// (Documentation/filesystems/autofs.rst and autofs-mount-control.rst). Processes of this one's group pass unhindered, and so this one never waits for itself.
/// </summary>
internal sealed unsafe class AutofsMount
{
    private const string Device = "/dev/autofs";

    // struct autofs_v5_packet: protocol version, type, token, and who waits for what.
    private const int PacketSize = 304;
    private const int TypeAt = 4;
    private const int TokenAt = 8;
    private const int ProcessAt = 32;
    private const int ExpireDirect = 6;

    // The numbers of AUTOFS_DEV_IOCTL_*_CMD; each is _IOWR(0x93, number, struct autofs_dev_ioctl).
    private const int OpenMount = 0x74;
    private const int Ready = 0x76;
    private const int Fail = 0x77;
    private const int SetPipe = 0x78;
    private const int Catatonic = 0x79;
    private const int SetTimeout = 0x7A;
    private const int Expire = 0x7C;

    /// <summary>errno of those who wait at an automount that is taken away, or whose file system did not come.</summary>
    public const int HostDown = 112;
    public const int NoSuchDevice = 19;

    private const int BadDescriptor = 9;
    private const int DetachWithoutFollowing = 2 | 8;

    private readonly string _where;
    private readonly uint _device;

    private AutofsMount(string where, int pipe, uint device) => (_where, Pipe, _device) = (where, pipe, device);

    /// <summary>Readable when there is a request.</summary>
    public int Pipe { get; }

    /// <summary>Why this host has no automounts; null where it has.</summary>
    public static string? WhyNot()
    {
        // Whether the caller may is looked at before the descriptor that is none.
        Call(Ready, -1, 0, 0);
        return Marshal.GetLastPInvokeError() == BadDescriptor ? null : $"{Device}: {Marshal.GetLastPInvokeErrorMessage()}";
    }

    /// <exception cref="IOException">The kernel refuses it.</exception>
    public static AutofsMount Mount(string where, string? extraOptions, TimeSpan? timeout)
    {
        int* ends = stackalloc int[2];
        OpenPipe(ends);
        string options = string.Create(
            CultureInfo.InvariantCulture, $"fd={ends[1]},pgrp={LibC.GetProcessGroup()},minproto=5,maxproto=5,direct{(extraOptions is null ? "" : $",{extraOptions}")}");
        int refused = LibC.Mount("unitd", where, "autofs", 0, options);
        string why = Marshal.GetLastPInvokeErrorMessage();
        LibC.Close(ends[1]);
        if (refused != 0)
        {
            LibC.Close(ends[0]);
            throw new IOException($"mount autofs {where}: {why}");
        }

        return Keep(where, ends[0], timeout);
    }

    /// <summary>One whose pipe this process has.</summary>
    /// <exception cref="IOException">It is gone.</exception>
    public static AutofsMount Keep(string where, int pipe, TimeSpan? timeout)
    {
        var (major, minor) = MountTable.FindAutomount(where) ?? throw new IOException($"{where}: there is no automount any more");

        // The kernel's own form of a device number (new_encode_dev).
        var kept = new AutofsMount(where, pipe, (uint)((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)));
        kept.Tell(SetTimeout, (uint)Math.Ceiling(timeout?.TotalSeconds ?? 0), 0);
        return kept;
    }

    /// <summary>One that a process left which is dead: whoever still waits there is let go with an error, and from now on this process is asked.</summary>
    /// <exception cref="IOException">It is gone.</exception>
    public static AutofsMount TakeOver(string where, TimeSpan? timeout)
    {
        int* ends = stackalloc int[2];
        OpenPipe(ends);
        try
        {
            var taken = Keep(where, ends[0], timeout);
            taken.Tell(Catatonic, 0, 0);
            taken.Tell(SetPipe, (uint)ends[1], 0);
            return taken;
        }
        finally
        {
            LibC.Close(ends[1]);
        }
    }

    /// <summary>The next request; null when there is none left, and no kernel at the other end any more.</summary>
    public AutofsRequest? TryRead()
    {
        byte* packet = stackalloc byte[PacketSize];
        return LibC.Read(Pipe, packet, PacketSize) >= ProcessAt + sizeof(int)
            ? new(*(uint*)(packet + TokenAt), *(int*)(packet + TypeAt) == ExpireDirect, *(int*)(packet + ProcessAt))
            : null;
    }

    /// <summary>Lets go who waits: with the file system, or with an error.</summary>
    /// <param name="token">The request's.</param>
    /// <param name="error">errno; zero for none.</param>
    public void Answer(uint token, int error) => Tell(error == 0 ? Ready : Fail, token, -error);

    /// <summary>
    /// Looks on a thread of its own for a file system that was not used for as long as the timeout, and asks for its end through the pipe; it waits there until that
    /// is answered.
    /// </summary>
    public void BeginExpiring()
    {
        new Thread(() =>
        {
            int root = OpenRoot();
            while (Call(Expire, root, 0, 0) == 0)
            {
                // One is gone; there may be more.
            }

            LibC.Close(root);
        })
        { IsBackground = true, Name = "expiry" }.Start();
    }

    /// <summary>It is no automount any more, and what was mounted over it is not there either.</summary>
    public void Unmount()
    {
        LibC.Close(Pipe);
        while (LibC.Unmount(_where, DetachWithoutFollowing) == 0)
        {
            // The file system first, then what lies below it.
        }
    }

    private static void OpenPipe(int* ends)
    {
        if (LibC.Pipe(ends, LibC.OpenCloseOnExec) != 0)
        {
            throw new IOException($"pipe: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>The directory below whatever is mounted over it; held open only while it is spoken to, for it keeps the automount busy.</summary>
    private int OpenRoot()
    {
        int size = Control.Size + Encoding.UTF8.GetByteCount(_where) + 1;
        byte* request = stackalloc byte[size];
        new Span<byte>(request, size).Clear();
        *(Control*)request = new Control(size, -1, _device, 0);
        Encoding.UTF8.GetBytes(_where, new Span<byte>(request + Control.Size, size - Control.Size));
        return Call(OpenMount, (Control*)request) == 0 ? ((Control*)request)->Descriptor : -1;
    }

    /// <summary>Fails without a word where the automount is gone: the end of its pipe says so.</summary>
    private void Tell(int command, uint first, int second)
    {
        int root = OpenRoot();
        Call(command, root, first, second);
        LibC.Close(root);
    }

    private static int Call(int command, int descriptor, uint first, int second)
    {
        var control = new Control(Control.Size, descriptor, first, second);
        return Call(command, &control);
    }

    private static int Call(int command, Control* control)
    {
        int device = LibC.Open(Device, LibC.OpenCloseOnExec, 0);
        if (device < 0)
        {
            return -1;
        }

        int result = LibC.DeviceControl(device, (nuint)(0xC0000000u | (Control.Size << 16) | (0x93 << 8) | (uint)command), control);
        int error = Marshal.GetLastPInvokeError();
        LibC.Close(device);
        Marshal.SetLastPInvokeError(error);
        return result;
    }

    /// <summary>struct autofs_dev_ioctl: version 1.0, its size with the path behind it, the automount's descriptor and two arguments.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Control(int size, int descriptor, uint first, int second)
    {
        public const int Size = 24;

        public uint Major = 1;
        public uint Minor = 0;
        public uint Length = (uint)size;
        public int Descriptor = descriptor;
        public uint First = first;
        public int Second = second;
    }
}
