using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Coreutil.Fleet.Api;

/// <summary>The listening sockets of the API: passed on by the service manager, unix, or TCP.</summary>
internal sealed class FleetApiServer : IAsyncDisposable
{
    private readonly WebApplication _server;

    private FleetApiServer(WebApplication server) => _server = server;

    /// <exception cref="FleetStartException">A socket is busy or may not be made.</exception>
    public static async Task<FleetApiServer> StartAsync(FleetConfig config, RequestDelegate answer, CancellationToken cancel)
    {
        Uri[] addresses = config.Listen.IsEmpty && config.ListenDescriptors.IsEmpty ? [new(FleetConfig.DefaultListen)] : [.. config.Listen];
        foreach (var address in addresses.Where(address => address.Scheme == "unix"))
        {
            await ClearPathAsync(address, cancel);
        }

        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            foreach (int descriptor in config.ListenDescriptors)
            {
                kestrel.ListenHandle((ulong)descriptor);
            }

            foreach (var address in addresses)
            {
                Listen(kestrel, address);
            }
        });
        var server = builder.Build();
        server.Run(answer);
        try
        {
            await server.StartAsync(cancel);
            return new(server);
        }
        catch (Exception failure) when (failure is IOException or SocketException or UnauthorizedAccessException)
        {
            await server.DisposeAsync();
            string where = string.Join(", ", addresses.Select(address => address.OriginalString));
            throw new FleetStartException($"cannot listen on {where}: {failure.Message}; choose another place with listen", failure);
        }
    }

    /// <summary>Ends at once, with journals that are being followed.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true));
        await _server.DisposeAsync();
    }

    private static void Listen(KestrelServerOptions kestrel, Uri address)
    {
        if (address.Scheme == "unix")
        {
            kestrel.ListenUnixSocket(address.AbsolutePath);
        }
        else if (address.Host == "localhost")
        {
            kestrel.ListenLocalhost(address.Port);
        }
        else if (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip))
        {
            kestrel.Listen(ip, address.Port);
        }
        else
        {
            throw new FleetStartException($"cannot listen on {address.OriginalString}: write the host as an IP address, 0.0.0.0 for every one");
        }
    }

    // A socket's file outlives a process that was killed. It is in the way only if nobody answers on it.
    private static async Task ClearPathAsync(Uri address, CancellationToken cancel)
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
}
