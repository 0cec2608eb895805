using System.Net.Sockets;
using System.Text;

namespace Coreutil.Core.ServiceManager;

/// <summary>sd_notify(3): tells the service manager, if there is one that asked, that a Type=notify service is ready.</summary>
public static class SystemdNotify
{
    /// <summary>Sends a state such as <c>READY=1</c> to <paramref name="socketPath"/>, the value of NOTIFY_SOCKET; false when nobody listens.</summary>
    public static bool Send(string? socketPath, string state)
    {
        if (string.IsNullOrEmpty(socketPath))
        {
            return false;
        }

        // An @ stands for the zero byte of the abstract namespace.
        string path = socketPath[0] == '@' ? '\0' + socketPath[1..] : socketPath;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return socket.Send(Encoding.UTF8.GetBytes(state)) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
