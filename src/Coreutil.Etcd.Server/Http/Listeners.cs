using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Coreutil.Core.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Http;

/// <summary>The ports a member answers on.</summary>
internal sealed partial class Listeners(ILogger logger) : IAsyncDisposable
{
    private readonly List<WebApplication> _running = [];

    /// <summary>Listens on every URL, or instead on the sockets that the service manager passed on, if there are any.</summary>
    public async Task ListenAsync(
        ImmutableArray<Uri> urls, ImmutableArray<int> inherited, TlsSettings tls, string purpose, RequestDelegate handler, CancellationToken cancel)
    {
        if (!inherited.IsEmpty)
        {
            foreach (int descriptor in inherited)
            {
                bool isTls = urls.Any(url => url.Scheme == Uri.UriSchemeHttps);
                await StartAsync(
                    options => options.ListenHandle((ulong)descriptor, listen => Secure(listen, isTls ? ReadTls(tls, purpose, urls[0]) : null)),
                    $"descriptor {descriptor} of the service manager", purpose, handler, cancel);
            }

            return;
        }

        foreach (var url in urls)
        {
            var files = url.Scheme == Uri.UriSchemeHttps ? ReadTls(tls, purpose, url) : null;
            if (files is null && !tls.IsEmpty)
            {
                LogKeysIgnored(logger, Text(url));
            }

            await StartAsync(options => Bind(options, url, files), Text(url), purpose, handler, cancel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var listener in _running)
        {
            await listener.StopAsync(CancellationToken.None);
            await listener.DisposeAsync();
        }

        _running.Clear();
    }

    /// <summary>As it was given: no slash is added behind the port.</summary>
    public static string Text(Uri url) => url.OriginalString.TrimEnd('/');

    private async Task StartAsync(Action<KestrelServerOptions> bind, string where, string purpose, RequestDelegate handler, CancellationToken cancel)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            SetLimits(options);
            bind(options);
        });
        // A request is answered on the thread that read it: each hop to another costs more than most answers, and no handler blocks for long.
        builder.Services.Configure<SocketTransportOptions>(options => options.UnsafePreferInlineScheduling = true);
        var listener = builder.Build();
        listener.Run(handler);
        try
        {
            await listener.StartAsync(cancel);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            await listener.DisposeAsync();
            string cause = (failure.GetBaseException() as SocketException)?.Message ?? failure.Message;
            throw new EtcdStartException($"cannot listen on {where} for {purpose}: {cause}", failure);
        }

        _running.Add(listener);
        LogListening(logger, purpose, where);
    }

    private TlsFiles ReadTls(TlsSettings tls, string purpose, Uri url)
    {
        if (tls.IsEmpty)
        {
            throw new EtcdStartException($"TLS key/cert must be provided for {Text(url)}, which is for {purpose}");
        }

        try
        {
            return new TlsFiles(tls, failure => LogNotReloaded(logger, failure));
        }
        catch (TlsFilesException failure)
        {
            throw new EtcdStartException(failure.Message, failure);
        }
    }

    private static void SetLimits(KestrelServerOptions options)
    {
        options.AddServerHeader = false;
        // A target with another authority than the Host header is served; what headers hold is bytes to us.
        options.AllowHostHeaderOverride = true;
        options.RequestHeaderEncodingSelector = _ => System.Text.Encoding.Latin1;
        options.Limits.MaxRequestHeaderCount = 10_000;
        // The forms have their own limit and its own answer; Go takes a megabyte of headers, the request line with them.
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MaxRequestLineSize = 1 << 20;
        options.Limits.MaxRequestHeadersTotalSize = 1 << 20;
        options.Limits.MaxRequestBufferSize = 2 << 20;
    }

    private static void Bind(KestrelServerOptions options, Uri url, TlsFiles? tls)
    {
        if (url.Host == "localhost")
        {
            options.ListenLocalhost(url.Port, listen => Secure(listen, tls));
        }
        else if (!IPAddress.TryParse(url.DnsSafeHost, out var address))
        {
            options.Listen(AddressOf(url), url.Port, listen => Secure(listen, tls));
        }
        else if (address.Equals(IPAddress.IPv6Any))
        {
            // Both families, also where the kernel has only the older one.
            options.ListenAnyIP(url.Port, listen => Secure(listen, tls));
        }
        else
        {
            options.Listen(address, url.Port, listen => Secure(listen, tls));
        }
    }

    private static IPAddress AddressOf(Uri url)
    {
        try
        {
            return Dns.GetHostAddresses(url.DnsSafeHost)[0];
        }
        catch (SocketException failure)
        {
            throw new EtcdStartException($"cannot listen on {Text(url)}: {url.DnsSafeHost} has no address: {failure.Message}", failure);
        }
    }

    private static void Secure(ListenOptions listen, TlsFiles? tls)
    {
        listen.Protocols = HttpProtocols.Http1;
        if (tls is not null)
        {
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(tls.Current()) });
        }
    }

    [LoggerMessage(EventId = 4, Level = LogLevel.Information, Message = "etcdmain: listening for {Purpose} on {Url}")]
    private static partial void LogListening(ILogger logger, string purpose, string url);

    [LoggerMessage(EventId = 30, Level = LogLevel.Warning, Message = "etcdmain: The scheme of url {Url} is http while key/cert files are presented. Ignored key/cert files.")]
    private static partial void LogKeysIgnored(ILogger logger, string url);

    [LoggerMessage(EventId = 31, Level = LogLevel.Error, Message = "etcdmain: {Failure}; the ones before stay in use")]
    private static partial void LogNotReloaded(ILogger logger, string failure);
}
