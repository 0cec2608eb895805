using System.Net.Sockets;
using System.Text;

namespace Coreutil.Supervisor.Processes;

/// <summary>
/// Where services send sd_notify(3) messages. The socket is in the abstract namespace, so that services of any user reach it; the kernel says which process sent.
/// </summary>
public sealed unsafe class NotifySocket : IDisposable
{
    private const int PassCredentials = 16;
    private const int CredentialsType = 2;
    private const int LongestMessage = 4096;

    private readonly object _gate = new();
    private readonly EventPoll _poll = new();
    private readonly Socket _socket;

    /// <param name="name">Of the abstract namespace.</param>
    /// <param name="taken">The socket, where this process had it before it became another program.</param>
    /// <param name="onMessage">Called on the socket's thread with the sender and the lines of each message.</param>
    public NotifySocket(string name, int? taken, Action<int, IReadOnlyList<KeyValuePair<string, string>>> onMessage)
    {
        Address = $"@{name}";
        if (taken is { } descriptor)
        {
            _socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
        }
        else
        {
            _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            _socket.Bind(new UnixDomainSocketEndPoint($"\0{name}"));
            int one = 1;
            LibC.SetSocketOption(Descriptor, LocalSockets.Level, PassCredentials, &one, sizeof(int));
        }

        _poll.Watch(Descriptor, isOnce: false);
        new Thread(() => Receive(onMessage)) { IsBackground = true, Name = "notify" }.Start();
    }

    /// <summary>The value of NOTIFY_SOCKET.</summary>
    public string Address { get; }

    public int Descriptor => (int)_socket.Handle;

    /// <summary>No message is taken from the socket until this is disposed of; those that were have been reported.</summary>
    public IDisposable Freeze() => new HeldLock(_gate);

    public void Dispose() => _socket.Dispose();

    private void Receive(Action<int, IReadOnlyList<KeyValuePair<string, string>>> onMessage)
    {
        byte* buffer = stackalloc byte[LongestMessage];
        byte* control = stackalloc byte[256];
        int[] ready = new int[1];
        while (!_socket.SafeHandle.IsClosed)
        {
            if (_poll.Wait(ready).IsEmpty)
            {
                continue;
            }

            lock (_gate)
            {
                var part = new LibC.IoVector { Base = buffer, Length = LongestMessage };
                var header = new LibC.MessageHeader { Parts = &part, PartCount = 1, Control = control, ControlLength = 256 };
                nint count = LibC.ReceiveMessage((int)_socket.SafeHandle.DangerousGetHandle(), &header, LibC.DoNotWait);

                // cmsghdr: length, level, type; then the sender's process, user and group.
                bool hasSender = count >= 0 && header.ControlLength >= 28 && *(int*)(control + 8) == LocalSockets.Level && *(int*)(control + 12) == CredentialsType;
                if (hasSender)
                {
                    onMessage(*(int*)(control + 16), Parse(new ReadOnlySpan<byte>(buffer, (int)count)));
                }
            }
        }
    }

    private static List<KeyValuePair<string, string>> Parse(ReadOnlySpan<byte> message) =>
        [.. Encoding.UTF8.GetString(message).Split('\n').Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).Select(pair => KeyValuePair.Create(pair[0], pair[1]))];
}
