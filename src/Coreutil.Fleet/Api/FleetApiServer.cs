using System.Net;
using System.Net.Sockets;
using Coreutil.Core.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Api;

/// <summary>The listening sockets of the API: passed on by the service manager, unix, or TCP with or without TLS.</summary>
internal sealed class FleetApiServer : IAsyncDisposable
{
    private static readonly object _readOnly = new();
    private readonly WebApplication _server;

    private FleetApiServer(WebApplication server) => _server = server;

    /// <exception cref="FleetStartException">A socket is busy or may not be made, or the TLS files cannot be used.</exception>
    public static async Task<FleetApiServer> StartAsync(FleetConfig config, RequestDelegate answer, ILogger log, CancellationToken cancel)
    {
        Uri[] addresses = AddressesOf(config);
        var tls = ReadTls(config, addresses, log);
        foreach (var address in addresses.Where(address => address.Scheme == "unix"))
        {
            await SocketFile.ClearAsync(address, cancel);
        }

        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            foreach (var (descriptor, name) in config.ListenDescriptors)
            {
                // systemd.socket(5), FileDescriptorName=: the only place where a passed socket can say what it is for.
                kestrel.ListenHandle((ulong)SocketFile.Duplicate(descriptor), listen => Prepare(
                    listen, name.Contains("tls", StringComparison.Ordinal) ? tls : null, name.Contains("readonly", StringComparison.Ordinal)));
            }

            foreach (var address in addresses)
            {
                ListenOptionsText.TryRead(address, out var options);
                Listen(kestrel, address, listen => Prepare(listen, address.Scheme == "https" ? tls : null, options.IsReadOnly));
            }
        });
        var server = builder.Build();
        server.Run(answer);
        try
        {
            await server.StartAsync(cancel);
            foreach (var address in addresses.Where(address => address.Scheme == "unix"))
            {
                ListenOptionsText.TryRead(address, out var options);
                SocketFile.SetRights(address, options);
            }

            return new(server);
        }
        catch (Exception failure) when (failure is IOException or SocketException or UnauthorizedAccessException)
        {
            await server.DisposeAsync();
            string where = string.Join(", ", addresses.Select(address => address.OriginalString));
            throw new FleetStartException($"cannot listen on {where}: {failure.Message}; choose another place with listen", failure);
        }
        catch (FleetStartException)
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>True where two configurations need the same sockets, so that a reload can keep them.</summary>
    public static bool IsSame(FleetConfig one, FleetConfig other) =>
        AddressesOf(one).SequenceEqual(AddressesOf(other)) && one.ListenDescriptors.SequenceEqual(other.ListenDescriptors)
        && (one.TlsCertFile, one.TlsKeyFile, one.TlsClientCaFile) == (other.TlsCertFile, other.TlsKeyFile, other.TlsClientCaFile);

    /// <summary>The request came by a listener that changes nothing.</summary>
    public static bool IsReadOnly(HttpContext http) => http.Features.Get<IConnectionItemsFeature>()?.Items.ContainsKey(_readOnly) ?? false;

    /// <summary>Ends at once, with journals that are being followed.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true));
        await _server.DisposeAsync();
    }

    private static Uri[] AddressesOf(FleetConfig config) =>
        config.Listen.IsEmpty && config.ListenDescriptors.IsEmpty ? [new(FleetConfig.DefaultListen)] : [.. config.Listen];

    private static TlsFiles? ReadTls(FleetConfig config, Uri[] addresses, ILogger log)
    {
        bool isWanted = addresses.Any(address => address.Scheme == "https") || config.ListenDescriptors.Any(socket => socket.Name.Contains("tls", StringComparison.Ordinal));
        if (!isWanted)
        {
            return null;
        }

        if (config is not { TlsCertFile: { } certificate, TlsKeyFile: { } key })
        {
            throw new FleetStartException("listen: https needs tls_cert_file and tls_key_file");
        }

        try
        {
            return new(new(certificate, key, config.TlsClientCaFile ?? "", config.TlsClientCaFile is not null), failure => log.TlsFilesUnusable(failure));
        }
        catch (TlsFilesException failure)
        {
            throw new FleetStartException(failure.Message, failure);
        }
    }

    private static void Prepare(ListenOptions listen, TlsFiles? tls, bool isReadOnly)
    {
        listen.Protocols = HttpProtocols.Http1;
        if (isReadOnly)
        {
            listen.Use(next => connection =>
            {
                connection.Items[_readOnly] = true;
                return next(connection);
            });
        }

        if (tls is not null)
        {
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(tls.Current()) });
        }
    }

    private static void Listen(KestrelServerOptions kestrel, Uri address, Action<ListenOptions> prepare)
    {
        if (address.Scheme == "unix")
        {
            kestrel.ListenUnixSocket(address.AbsolutePath, prepare);
        }
        else if (address.Host == "localhost")
        {
            kestrel.ListenLocalhost(address.Port, prepare);
        }
        else if (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip))
        {
            kestrel.Listen(ip, address.Port, prepare);
        }
        else
        {
            throw new FleetStartException($"cannot listen on {address.OriginalString}: write the host as an IP address, 0.0.0.0 for every one");
        }
    }
}
