using System.Net;
using System.Net.Sockets;
using Coreutil.Supervisor.Units;

namespace Coreutil.Supervisor.Processes;

/// <summary>One Listen…= line, opened: a path, <c>@abstract</c>, <c>PORT</c>, <c>ADDRESS:PORT</c> or a FIFO.</summary>
public sealed class ListeningSocket : IDisposable
{
    private readonly Socket? _socket;

    private ListeningSocket(Socket? socket, int descriptor, SocketKind kind, string address)
    {
        _socket = socket;
        (Descriptor, Kind, Address) = (descriptor, kind, address);
    }

    public int Descriptor { get; }

    public SocketKind Kind { get; }

    public string Address { get; }

    /// <exception cref="SocketException">The address is taken, or none of this host's.</exception>
    /// <exception cref="IOException">The FIFO cannot be made.</exception>
    public static ListeningSocket Open(SocketKind kind, string address, SocketSettings settings)
    {
        bool isPath = address.StartsWith('/');
        if (isPath)
        {
            MakeDirectories(Path.GetDirectoryName(address)!, (UnixFileMode)settings.DirectoryMode);
        }

        if (kind == SocketKind.Fifo)
        {
            if (!File.Exists(address) && LibC.MakeFifo(address, settings.Mode) != 0)
            {
                throw new IOException($"cannot make {address}");
            }

            int descriptor = LibC.Open(address, LibC.OpenReadWrite | LibC.OpenCloseOnExec, 0);
            return descriptor >= 0 ? new(null, descriptor, kind, address) : throw new IOException($"cannot open {address}");
        }

        var endpoint = ListenAddress.Parse(address).Address ?? throw new SocketException((int)SocketError.AddressNotAvailable);
        var type = kind switch
        {
            SocketKind.Stream => SocketType.Stream,
            SocketKind.Datagram => SocketType.Dgram,
            _ => SocketType.Seqpacket,
        };

        // Only of a socket that is said to be TCP's does the runtime take an address that old connections linger on.
        var protocol = (endpoint, kind) switch
        {
            (IPEndPoint, SocketKind.Stream) => ProtocolType.Tcp,
            (IPEndPoint, SocketKind.Datagram) => ProtocolType.Udp,
            _ => ProtocolType.Unspecified,
        };
        var socket = new Socket(endpoint.AddressFamily, type, protocol);
        try
        {
            if (endpoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                // A port without an address hears IPv4 as well (BindIPv6Only=default).
                socket.DualMode = true;
            }

            if (isPath)
            {
                File.Delete(address);
            }

            socket.Bind(endpoint);
            if (kind != SocketKind.Datagram)
            {
                socket.Listen(settings.Backlog);
            }

            if (isPath)
            {
                File.SetUnixFileMode(address, (UnixFileMode)settings.Mode);
            }

            // The services read it as they like, so it must block; the accepting end never waits, because it is asked only when there is something.
            socket.Blocking = true;
            return new(socket, (int)socket.Handle, kind, address);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The mode is that of all that were missing, and not only of the last one.</summary>
    public static void MakeDirectories(string path, UnixFileMode mode)
    {
        if (!Directory.Exists(path))
        {
            MakeDirectories(Path.GetDirectoryName(path)!, mode);
            Directory.CreateDirectory(path);
            File.SetUnixFileMode(path, mode);
        }
    }

    /// <summary>One that this process opened before it became another program, or a unitd before this one.</summary>
    public static ListeningSocket Take(int descriptor, SocketKind kind, string address) => new(null, descriptor, kind, address);

    /// <summary>Takes one waiting connection; null when it is gone again.</summary>
    public unsafe int? TryAccept()
    {
        int connection = LibC.Accept(Descriptor, null, null, LibC.OpenCloseOnExec);
        return connection >= 0 ? connection : null;
    }

    public static void CloseConnection(int descriptor) => LibC.Close(descriptor);

    /// <summary>SocketUser= and SocketGroup= of a socket that has a path; false where that cannot be.</summary>
    public bool TryOwn(uint? user, uint? group) => !Address.StartsWith('/') || LibC.ChangeOwner(Address, user ?? uint.MaxValue, group ?? uint.MaxValue) == 0;

    public void RemovePath()
    {
        if (Address.StartsWith('/'))
        {
            File.Delete(Address);
        }
    }

    /// <summary>A service that has a copy goes on listening.</summary>
    public void Dispose()
    {
        if (_socket is null)
        {
            LibC.Close(Descriptor);
        }

        _socket?.Dispose();
    }
}
