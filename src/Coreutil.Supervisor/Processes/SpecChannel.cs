using System.Buffers;
using System.Runtime.InteropServices;

namespace Coreutil.Supervisor.Processes;

/// <summary>Carries one spec and the descriptors that go with it to an executor, over a socket pair.</summary>
internal static class SpecChannel
{
    public static (int Ours, int Theirs) Open() => LocalSockets.TryOpenPair(LocalSockets.Stream, out int ours, out int theirs)
        ? (ours, theirs)
        : throw new IOException($"socketpair: {Marshal.GetLastPInvokeErrorMessage()}");

    /// <summary>False where nobody reads any more.</summary>
    public static bool TrySend(int socket, ReadOnlySpan<byte> spec, ReadOnlySpan<int> descriptors)
    {
        if (descriptors.Length > LocalSockets.MostDescriptors)
        {
            throw new IOException($"{descriptors.Length} descriptors for one process; the most is {LocalSockets.MostDescriptors}");
        }

        while (spec.Length > 0)
        {
            nint count = LocalSockets.Send(socket, spec, descriptors);
            if (count < 0 && Marshal.GetLastPInvokeError() != LibC.Interrupted)
            {
                return false;
            }

            if (count > 0)
            {
                spec = spec[(int)count..];
                descriptors = [];
            }
        }

        return true;
    }

    /// <summary>Waits for a spec; an empty one where the supervisor ended instead.</summary>
    public static (ReadOnlyMemory<byte> Spec, int[] Descriptors) Receive(int socket)
    {
        var spec = new ArrayBufferWriter<byte>(16 * 1024);
        int[] descriptors = [];
        for (; ; )
        {
            nint count = LocalSockets.Receive(socket, spec.GetSpan(4096), out int[] received);
            if (count < 0 && Marshal.GetLastPInvokeError() == LibC.Interrupted)
            {
                continue;
            }

            if (count <= 0)
            {
                return (spec.WrittenMemory, descriptors);
            }

            descriptors = received.Length > 0 ? received : descriptors;
            spec.Advance((int)count);
        }
    }
}
