namespace Coreutil.Supervisor.Processes;

/// <summary>Socket pairs between unitd, its guard and its executors: what all of them need of sendmsg(2) and socket(7).</summary>
internal static unsafe class LocalSockets
{
    public const int Stream = 1;
    public const int SequentialPacket = 5;

    /// <summary>SOL_SOCKET.</summary>
    public const int Level = 1;

    /// <summary>MSG_NOSIGNAL: a reader that is gone is an error and no SIGPIPE.</summary>
    public const int NoSignal = 0x4000;

    private const int FamilyUnix = 1;
    private const int ReceiveTimeout = 20;

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
}
