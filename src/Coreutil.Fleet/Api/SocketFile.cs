using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Coreutil.Fleet.Api;

/// <summary>The file of a unix socket: out of the way before, with its rights after, and connected to.</summary>
internal static partial class SocketFile
{
    private const uint SameOwner = uint.MaxValue;

    /// <summary>A socket's file outlives a process that was killed. It is in the way only if nobody answers on it.</summary>
    /// <exception cref="FleetStartException">Somebody does, or the directory cannot be used.</exception>
    public static async Task ClearAsync(Uri address, CancellationToken cancel)
    {
        string path = address.AbsolutePath;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (!File.Exists(path))
            {
                return;
            }

            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await probe.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            }
            catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
            {
                File.Delete(path);
                return;
            }

            throw new FleetStartException($"cannot listen on {address.OriginalString}: another process answers there; stop it or choose another place with listen");
        }
        catch (Exception failure) when (failure is IOException or SocketException or UnauthorizedAccessException)
        {
            throw new FleetStartException($"cannot listen on {address.OriginalString}: {failure.Message}; choose another place with listen", failure);
        }
    }

    /// <exception cref="FleetStartException">There is no such group, or it may not be given away.</exception>
    public static void SetRights(Uri address, ListenOptionsText options)
    {
        if (options.Group is { } group && ChangeOwner(address.AbsolutePath, SameOwner, GroupOf(group, address)) != 0)
        {
            throw new FleetStartException($"cannot give {address.AbsolutePath} to the group {group}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        if (options.Mode is { } mode)
        {
            File.SetUnixFileMode(address.AbsolutePath, mode);
        }
    }

    /// <summary>A second descriptor of the same socket, which stays open when a server closes its own.</summary>
    public static int Duplicate(int descriptor)
    {
        const int CloseOnExec = 1030;
        int copy = Control(descriptor, CloseOnExec, 0);
        return copy >= 0 ? copy : throw new FleetStartException($"cannot use descriptor {descriptor} of the service manager: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>A stream to whoever listens there; a connection that fails leaves nothing open.</summary>
    public static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static uint GroupOf(string name, Uri address)
    {
        const string Database = "/etc/group";
        if (uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
        {
            return number;
        }

        string? line = File.Exists(Database) ? File.ReadLines(Database).FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal)) : null;
        return uint.TryParse(line?.Split(':').ElementAtOrDefault(2), NumberStyles.None, CultureInfo.InvariantCulture, out number)
            ? number
            : throw new FleetStartException($"listen: {address.OriginalString} names the group {name}, which is not in {Database}");
    }

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int descriptor, int command, int argument);
}
