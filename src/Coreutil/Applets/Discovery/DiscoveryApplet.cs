using System.CommandLine;
using System.Globalization;
using Coreutil.Applets.Etcd;
using Coreutil.Core.Applets;
using Coreutil.Core.Logging;
using Coreutil.Core.ServiceManager;
using Coreutil.Core.Tls;
using Coreutil.Etcd.Server;
using Coreutil.Etcd.Server.Membership;
using Microsoft.Extensions.Logging;

namespace Coreutil.Applets.Discovery;

/// <summary>The discovery service by itself: tokens under which the members of a cluster to be find each other, so that no outside site is needed.</summary>
internal static partial class DiscoveryApplet
{
    public static Applet Declaration { get; } = new()
    {
        Name = "discovery",
        Summary = "a discovery service: tokens by which the members of a new etcd cluster find each other",
        ManSection = 8,
        CreateCommand = CreateCommand,
    };

    private static Command CreateCommand(AppletContext context)
    {
        var listen = new Option<string[]>("--listen")
        {
            Description = "URLs to listen on, http or https",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["http://0.0.0.0:8087"],
        };
        var data = new Option<string>("--data-dir") { Description = "where the tokens are kept", DefaultValueFactory = _ => "discovery.etcd" };
        var baseUrl = new Option<string?>("--base-url") { Description = "what /new puts before a token (default: as the client reached us)" };
        var certificate = new Option<string>("--cert-file") { Description = "certificate for https", DefaultValueFactory = _ => "" };
        var key = new Option<string>("--key-file") { Description = "its key", DefaultValueFactory = _ => "" };
        var root = new Command(Declaration.Name, Declaration.Summary) { listen, data, baseUrl, certificate, key };
        root.SetAction((parsed, cancel) =>
        {
            string[] urls = [.. parsed.GetRequiredValue(listen).SelectMany(text => text.Split(',')).Select(text => text.TrimEnd('/'))];
            string? given = parsed.GetValue(baseUrl);
            string? bad = urls.Select(UrlRules.Refuse).FirstOrDefault(refusal => refusal is not null)
                ?? (given is null || Uri.TryCreate(given, UriKind.Absolute, out _) ? null : $"--base-url is no URL: {given}");
            return bad is not null
                ? RefuseAsync(context, bad)
                : RunAsync(context, new EtcdConfig
                {
                    Name = "discovery",
                    DataDirectory = parsed.GetRequiredValue(data),
                    IsDiscoveryService = true,
                    DiscoveryBaseUrl = given is null ? null : new Uri(given),
                    ListenClientUrls = [.. urls.Select(url => new Uri(url))],
                    AdvertiseClientUrls = [.. urls.Select(url => new Uri(url))],
                    ClientTls = new TlsSettings(parsed.GetRequiredValue(certificate), parsed.GetRequiredValue(key), "", false),
                }, cancel);
        });
        return root;
    }

    private static async Task<int> RefuseAsync(AppletContext context, string what)
    {
        await context.Error.WriteLineAsync($"discovery: {what}");
        return ExitCode.Usage;
    }

    private static async Task<int> RunAsync(AppletContext context, EtcdConfig config, CancellationToken cancel)
    {
        using var logging = LineLoggerProvider.CreateFactory(context.Error, EtcdCommand.FormatLine, LogLevel.Information);
        var logger = logging.CreateLogger("discovery");
        try
        {
            await using var server = await EtcdServer.StartAsync(config, logger, context.Time, cancel);
            SystemdNotify.Send(context.Variable("NOTIFY_SOCKET"), "READY=1");
            LogServing(logger, string.Join(' ', config.ListenClientUrls.Select(url => $"{url.OriginalString}/new?size=3")));
            await server.Completion.WaitAsync(cancel);
        }
        catch (EtcdStartException refused)
        {
            return await FailAsync(context, refused.Message);
        }
        catch (IOException failed)
        {
            return await FailAsync(context, failed.Message);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The ordinary end.
        }

        return ExitCode.Success;
    }

    private static async Task<int> FailAsync(AppletContext context, string what)
    {
        await context.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"discovery: {what}"));
        return ExitCode.Failure;
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "discovery: a token comes from {Urls}")]
    private static partial void LogServing(ILogger logger, string urls);
}
