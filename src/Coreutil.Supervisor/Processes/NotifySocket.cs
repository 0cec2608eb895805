using System.Net.Sockets;
using System.Text;

namespace Coreutil.Supervisor.Processes;

/// <summary>
/// Where services send sd_notify(3) messages. The socket is in the abstract namespace, so that services of any user reach it; the kernel says which process sent.
/// </summary>
public sealed unsafe class NotifySocket : IDisposable
{
    private const int PassCredentials = 16;
    private const int SocketLevel = 1;
    private const int CredentialsType = 2;
    private const int LongestMessage = 4096;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    /// <param name="name">Of the abstract namespace.</param>
    /// <param name="onMessage">Called on the socket's thread with the sender and the lines of each message.</param>
    public NotifySocket(string name, Action<int, IReadOnlyList<KeyValuePair<string, string>>> onMessage)
    {
        Address = $"@{name}";
        _socket.Bind(new UnixDomainSocketEndPoint($"\0{name}"));
        int one = 1;
        LibC.SetSocketOption((int)_socket.Handle, SocketLevel, PassCredentials, &one, sizeof(int));
        new Thread(() => Receive(onMessage)) { IsBackground = true, Name = "notify" }.Start();
    }

    /// <summary>The value of NOTIFY_SOCKET.</summary>
    public string Address { get; }

    public void Dispose() => _socket.Dispose();

    private void Receive(Action<int, IReadOnlyList<KeyValuePair<string, string>>> onMessage)
    {
        byte* buffer = stackalloc byte[LongestMessage];
        byte* control = stackalloc byte[256];
        for (; ; )
        {
            var part = new LibC.IoVector { Base = buffer, Length = LongestMessage };
            var header = new LibC.MessageHeader { Parts = &part, PartCount = 1, Control = control, ControlLength = 256 };
            nint count = LibC.ReceiveMessage((int)_socket.Handle, &header, 0);
            if (count < 0)
            {
                if (System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == LibC.Interrupted)
                {
                    continue;
                }

                return;
            }

            // cmsghdr: length, level, type; then the sender's process, user and group.
            bool hasSender = header.ControlLength >= 28 && *(int*)(control + 8) == SocketLevel && *(int*)(control + 12) == CredentialsType;
            if (hasSender)
            {
                onMessage(*(int*)(control + 16), Parse(new ReadOnlySpan<byte>(buffer, (int)count)));
            }
        }
    }

    private static List<KeyValuePair<string, string>> Parse(ReadOnlySpan<byte> message) =>
        [.. Encoding.UTF8.GetString(message).Split('\n').Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).Select(pair => KeyValuePair.Create(pair[0], pair[1]))];
}
