using System.Buffers;
using System.Runtime.InteropServices;

namespace Coreutil.Supervisor.Processes;

/// <summary>Carries one spec and the descriptors that go with it to an executor, over a socket pair (SCM_RIGHTS).</summary>
internal static unsafe class SpecChannel
{
    private const int Rights = 1;
    private const int ReceivedCloseOnExec = 0x40000000;
    private const int HeaderSize = 16;

    /// <summary>The most that the kernel passes at once (SCM_MAX_FD).</summary>
    private const int MostDescriptors = 253;

    public static (int Ours, int Theirs) Open() => LocalSockets.TryOpenPair(LocalSockets.Stream, out int ours, out int theirs)
        ? (ours, theirs)
        : throw new IOException($"socketpair: {Marshal.GetLastPInvokeErrorMessage()}");

    /// <summary>False where nobody reads any more.</summary>
    public static bool TrySend(int socket, ReadOnlySpan<byte> spec, ReadOnlySpan<int> descriptors)
    {
        if (descriptors.Length > MostDescriptors)
        {
            throw new IOException($"{descriptors.Length} descriptors for one process; the most is {MostDescriptors}");
        }

        byte* control = stackalloc byte[HeaderSize + (MostDescriptors * sizeof(int)) + sizeof(int)];
        *(long*)control = HeaderSize + (descriptors.Length * sizeof(int));
        *(int*)(control + 8) = LocalSockets.Level;
        *(int*)(control + 12) = Rights;
        descriptors.CopyTo(new Span<int>(control + HeaderSize, descriptors.Length));
        fixed (byte* first = spec)
        {
            nint written = 0;
            while (written < spec.Length)
            {
                var part = new LibC.IoVector { Base = first + written, Length = (nuint)(spec.Length - written) };
                var message = new LibC.MessageHeader { Parts = &part, PartCount = 1 };
                if (written == 0)
                {
                    // Padded to eight bytes, as CMSG_SPACE has it.
                    message.Control = control;
                    message.ControlLength = (nuint)(HeaderSize + (((descriptors.Length * sizeof(int)) + 7) & ~7));
                }

                nint count = LibC.SendMessage(socket, &message, LocalSockets.NoSignal);
                if (count < 0 && Marshal.GetLastPInvokeError() != LibC.Interrupted)
                {
                    return false;
                }

                written += Math.Max(count, 0);
            }
        }

        return true;
    }

    /// <summary>Waits for a spec; an empty one where the supervisor ended instead.</summary>
    public static (ReadOnlyMemory<byte> Spec, int[] Descriptors) Receive(int socket)
    {
        var spec = new ArrayBufferWriter<byte>(16 * 1024);
        int[] descriptors = [];
        byte* control = stackalloc byte[HeaderSize + (MostDescriptors * sizeof(int)) + sizeof(int)];
        for (; ; )
        {
            var buffer = spec.GetSpan(4096);
            fixed (byte* first = buffer)
            {
                var part = new LibC.IoVector { Base = first, Length = (nuint)buffer.Length };
                var message = new LibC.MessageHeader { Parts = &part, PartCount = 1, Control = control, ControlLength = HeaderSize + (MostDescriptors * sizeof(int)) + sizeof(int) };
                nint count = LibC.ReceiveMessage(socket, &message, ReceivedCloseOnExec);
                if (count < 0 && Marshal.GetLastPInvokeError() == LibC.Interrupted)
                {
                    continue;
                }

                if (count <= 0)
                {
                    return (spec.WrittenMemory, descriptors);
                }

                if (message.ControlLength >= HeaderSize && *(int*)(control + 12) == Rights)
                {
                    descriptors = new ReadOnlySpan<int>(control + HeaderSize, (int)(*(long*)control - HeaderSize) / sizeof(int)).ToArray();
                }

                spec.Advance((int)count);
            }
        }
    }
}
