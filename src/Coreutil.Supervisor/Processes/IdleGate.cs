using System.Runtime.InteropServices;

namespace Coreutil.Supervisor.Processes;

/// <summary>What Type=idle services wait at, a few seconds at most, until no job is left: a socket pair whose other end is closed then.</summary>
public sealed unsafe class IdleGate
{
    private (int Ours, int Theirs)? _ends;

    /// <summary>The end that goes with a command.</summary>
    public int Join() => (_ends ??= SpecChannel.Open()).Theirs;

    public void Open()
    {
        if (_ends is { } ends)
        {
            LibC.Close(ends.Ours);
            LibC.Close(ends.Theirs);
            _ends = null;
        }
    }

    /// <summary>The waiting, in the executor.</summary>
    public static void Wait(int end)
    {
        // systemd's patience (IDLE_TIMEOUT_USEC).
        LocalSockets.SetPatience(end, seconds: 5);
        byte one;
        while (LibC.Read(end, &one, 1) < 0 && Marshal.GetLastPInvokeError() == LibC.Interrupted)
        {
        }
    }
}
