using System.Net;
using System.Net.Sockets;
using Coreutil.Supervisor.Units;

namespace Coreutil.Supervisor.Processes;

/// <summary>One Listen…= line, opened: a path, <c>@abstract</c>, <c>PORT</c>, <c>ADDRESS:PORT</c> or a FIFO.</summary>
public sealed class ListeningSocket : IDisposable
{
    private readonly Socket? _socket;
    private readonly string? _path;

    private ListeningSocket(Socket? socket, int descriptor, string? path)
    {
        _socket = socket;
        Descriptor = descriptor;
        _path = path;
    }

    public int Descriptor { get; }

    /// <exception cref="SocketException">The address is taken, or none of this host's.</exception>
    /// <exception cref="IOException">The FIFO cannot be made.</exception>
    public static ListeningSocket Open(SocketKind kind, string address, SocketSettings settings)
    {
        bool isPath = address.StartsWith('/');
        if (isPath)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(address)!, (UnixFileMode)settings.DirectoryMode);
        }

        if (kind == SocketKind.Fifo)
        {
            if (!File.Exists(address) && LibC.MakeFifo(address, settings.Mode) != 0)
            {
                throw new IOException($"cannot make {address}");
            }

            int descriptor = LibC.Open(address, LibC.OpenReadWrite | LibC.OpenCloseOnExec, 0);
            return descriptor >= 0 ? new(null, descriptor, address) : throw new IOException($"cannot open {address}");
        }

        var endpoint = EndPointOf(address);
        var type = kind switch
        {
            SocketKind.Stream => SocketType.Stream,
            SocketKind.Datagram => SocketType.Dgram,
            _ => SocketType.Seqpacket,
        };
        var socket = new Socket(endpoint.AddressFamily, type, ProtocolType.Unspecified);
        try
        {
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
            return new(socket, (int)socket.Handle, isPath ? address : null);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>One that this process opened before it became another program.</summary>
    public static ListeningSocket Take(int descriptor, string address) => new(null, descriptor, address.StartsWith('/') ? address : null);

    /// <summary>Takes one waiting connection; null when it is gone again.</summary>
    public unsafe int? TryAccept()
    {
        int connection = LibC.Accept(Descriptor, null, null, LibC.OpenCloseOnExec);
        return connection >= 0 ? connection : null;
    }

    public static void CloseConnection(int descriptor) => LibC.Close(descriptor);

    public void RemovePath()
    {
        if (_path is not null)
        {
            File.Delete(_path);
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

    private static EndPoint EndPointOf(string address)
    {
        if (address.StartsWith('/'))
        {
            return new UnixDomainSocketEndPoint(address);
        }

        if (address.StartsWith('@'))
        {
            return new UnixDomainSocketEndPoint('\0' + address[1..]);
        }

        return ushort.TryParse(address, out ushort port) ? new IPEndPoint(IPAddress.IPv6Any, port)
            : IPEndPoint.TryParse(address, out var endpoint) ? endpoint
            : throw new SocketException((int)SocketError.AddressNotAvailable);
    }
}
