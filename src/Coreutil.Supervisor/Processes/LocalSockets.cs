namespace Coreutil.Supervisor.Processes;

/// <summary>Socket pairs between unitd, its guard and its executors: what all of them need of sendmsg(2), unix(7) and socket(7).</summary>
internal static unsafe class LocalSockets
{
    public const int Stream = 1;
    public const int SequentialPacket = 5;

    /// <summary>The most that the kernel passes at once (SCM_MAX_FD).</summary>
    public const int MostDescriptors = 253;

    /// <summary>MSG_DONTWAIT: a reader that does not keep up is no reason to wait.</summary>
    public const int NoWait = 0x40;

    /// <summary>SOL_SOCKET.</summary>
    public const int Level = 1;

    /// <summary>MSG_NOSIGNAL: a reader that is gone is an error and no SIGPIPE.</summary>
    private const int NoSignal = 0x4000;

    private const int FamilyUnix = 1;
    private const int ReceiveTimeout = 20;
    private const int Rights = 1;
    private const int ReceivedCloseOnExec = 0x40000000;
    private const int HeaderSize = 16;
    private const int ControlSize = HeaderSize + (MostDescriptors * sizeof(int)) + sizeof(int);

    /// <summary>Both ends are closed by execve. False with errno set.</summary>
    public static bool TryOpenPair(int type, out int ours, out int theirs)
    {
        int* ends = stackalloc int[2];
        bool isOpen = LibC.SocketPair(FamilyUnix, type | LibC.OpenCloseOnExec, 0, ends) == 0;
        (ours, theirs) = (ends[0], ends[1]);
        return isOpen;
    }

    /// <summary>From now on a read gives up after so long.</summary>
    public static void SetPatience(int socket, long seconds)
    {
        long* time = stackalloc long[2];
        (time[0], time[1]) = (seconds, 0);
        LibC.SetSocketOption(socket, Level, ReceiveTimeout, time, 2 * sizeof(long));
    }

    /// <summary>sendmsg(2): the bytes that were taken, of which the first carry the descriptors along; negative with errno set.</summary>
    public static nint Send(int socket, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> descriptors, int flags = 0)
    {
        byte* control = stackalloc byte[ControlSize];
        fixed (byte* first = bytes)
        {
            var part = new LibC.IoVector { Base = first, Length = (nuint)bytes.Length };
            var message = new LibC.MessageHeader { Parts = &part, PartCount = 1 };
            if (descriptors.Length > 0)
            {
                *(long*)control = HeaderSize + (descriptors.Length * sizeof(int));
                *(int*)(control + 8) = Level;
                *(int*)(control + 12) = Rights;
                descriptors.CopyTo(new Span<int>(control + HeaderSize, descriptors.Length));

                // Padded to eight bytes, as CMSG_SPACE has it.
                message.Control = control;
                message.ControlLength = (nuint)(HeaderSize + (((descriptors.Length * sizeof(int)) + 7) & ~7));
            }

            return LibC.SendMessage(socket, &message, NoSignal | flags);
        }
    }

    /// <summary>recvmsg(2): how much came, and what came with it; the descriptors are closed by execve. Nothing or less is an end or an error.</summary>
    public static nint Receive(int socket, Span<byte> into, out int[] descriptors)
    {
        byte* control = stackalloc byte[ControlSize];
        descriptors = [];
        fixed (byte* first = into)
        {
            var part = new LibC.IoVector { Base = first, Length = (nuint)into.Length };
            var message = new LibC.MessageHeader { Parts = &part, PartCount = 1, Control = control, ControlLength = ControlSize };
            nint count = LibC.ReceiveMessage(socket, &message, ReceivedCloseOnExec);
            if (count > 0 && message.ControlLength >= HeaderSize && *(int*)(control + 12) == Rights)
            {
                descriptors = new ReadOnlySpan<int>(control + HeaderSize, (int)(*(long*)control - HeaderSize) / sizeof(int)).ToArray();
            }

            return count;
        }
    }
}
