using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Coreutil.Applets.Fleetd;
using Coreutil.Confd;
using Coreutil.Core.Applets;
using Coreutil.Core.Logging;
using Coreutil.Etcd.Server;
using Coreutil.Fleet;
using Coreutil.Supervisor;
using Microsoft.Extensions.Logging;

namespace Coreutil.Applets.Node;

internal sealed record NodeRequest
{
    public required string DataDirectory { get; init; }

    public required string Name { get; init; }

    public required IPAddress Address { get; init; }

    /// <summary>Null: nothing is rendered.</summary>
    public string? ConfigDirectory { get; init; }

    public string Metadata { get; init; } = "";

    public bool LeavesRunning { get; init; }
}

/// <summary>Starts the parts in the order they need each other, waits for the first of them to end or for a signal, and ends them the other way round.</summary>
internal static partial class NodeCommand
{
    private static readonly ImmutableArray<int> _clientPorts = [2379, 4001];
    private static readonly ImmutableArray<int> _peerPorts = [2380, 7001];

    internal static async Task<int> RunAsync(AppletContext context, NodeRequest request, CancellationToken cancel)
    {
        using var logs = LineLoggerProvider.CreateFactory(context.Error, FormatLine, LogLevel.Information, context.Time);
        var log = logs.CreateLogger("node");
        try
        {
            Directory.CreateDirectory(request.DataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            await using var store = await EtcdServer.StartAsync(EtcdConfigOf(request), logs.CreateLogger("etcd"), context.Time, cancel);
            var config = FleetConfigOf(request);
            var manager = LocalUnitManager.Embedded(config);
            try
            {
                await using var fleet = await FleetDaemon.StartAsync(
                    config, manager, stop => LocalUnitManager.EnsureRunningAsync(context, config, manager, stop), logs.CreateLogger("fleetd"), context.Time, cancel);
                LogUp(log, request.Address, string.Join(',', _clientPorts), config.Listen[0]);
                await RunUntilFirstEndAsync(store.Completion, fleet.WaitForFailureAsync(cancel), context, request, logs, cancel);
            }
            finally
            {
                if (!request.LeavesRunning)
                {
                    // Stops what is left and ends unitd: its units are down before the store that their sidekicks speak to.
                    await manager.ShutDownAsync(context.Time, CancellationToken.None);
                }
            }

            return ExitCode.Success;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return ExitCode.Success;
        }
        catch (Exception refused) when (refused is EtcdStartException or FleetStartException or UnitdException or ConfdException or IOException or UnauthorizedAccessException)
        {
            await context.Error.WriteLineAsync($"node: {refused.Message}");
            return ExitCode.Failure;
        }
    }

    private static async Task RunUntilFirstEndAsync(
        Task store, Task fleet, AppletContext context, NodeRequest request, ILoggerFactory logs, CancellationToken cancel)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var confd = new ConfdProcessor(ConfdSettingsOf(context, request.ConfigDirectory ?? ""), logs.CreateLogger("confd"), context.Time);
        Task rendering = request.ConfigDirectory is { } directory && Directory.Exists(Path.Combine(directory, "conf.d"))
            ? confd.RunAsync(ending.Token)
            : Task.Delay(Timeout.InfiniteTimeSpan, context.Time, ending.Token);
        Task first = await Task.WhenAny(store, fleet, rendering, Task.Delay(Timeout.InfiniteTimeSpan, context.Time, ending.Token));
        await ending.CancelAsync();
        await rendering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!cancel.IsCancellationRequested)
        {
            await first;
        }
    }

    private static EtcdConfig EtcdConfigOf(NodeRequest request)
    {
        IPAddress[] addresses = IPAddress.IsLoopback(request.Address) ? [IPAddress.Loopback] : [IPAddress.Loopback, request.Address];
        return new EtcdConfig
        {
            Name = request.Name,
            DataDirectory = Path.Combine(request.DataDirectory, "etcd"),
            ListenClientUrls = [.. addresses.SelectMany(address => _clientPorts.Select(port => UrlOf(address, port)))],
            AdvertiseClientUrls = [.. _clientPorts.Select(port => UrlOf(request.Address, port))],
            ListenPeerUrls = [.. _peerPorts.Select(port => UrlOf(IPAddress.Loopback, port))],
            InitialAdvertisePeerUrls = [.. _peerPorts.Select(port => UrlOf(IPAddress.Loopback, port))],
        };
    }

    private static FleetConfig FleetConfigOf(NodeRequest request) => new()
    {
        EtcdServers = [UrlOf(IPAddress.Loopback, _clientPorts[0])],
        PublicIp = request.Address.ToString(),
        Metadata = FleetConfigReader.ParseMetadata(request.Metadata),
        Listen = [new Uri($"unix://{Path.Combine(request.DataDirectory, "fleet.sock")}")],
        UnitManager = UnitManagerKind.Embedded,
        StateDirectory = request.DataDirectory,
        LeaveRunning = request.LeavesRunning,
    };

    private static ConfdSettings ConfdSettingsOf(AppletContext context, string directory) => new()
    {
        Nodes = [UrlOf(IPAddress.Loopback, _clientPorts[0]).GetLeftPart(UriPartial.Authority)],
        ConfigDirectory = directory,
        IsWatching = true,
        Environment = context.Environment,
    };

    private static Uri UrlOf(IPAddress address, int port) => new($"http://{new IPEndPoint(address, port)}");

    private static string FormatLine(DateTimeOffset now, LogLevel level, string category, string message) =>
        string.Create(CultureInfo.InvariantCulture, $"{now.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {Word(level)} {category}: {message}");

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Critical => "FATAL",
        LogLevel.Error => "ERROR",
        LogLevel.Warning => "WARN",
        LogLevel.Information => "INFO",
        _ => "DEBUG",
    };

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "up on {Address}: the store on ports {Ports}, the fleet API on {Api}")]
    private static partial void LogUp(ILogger logger, IPAddress address, string ports, Uri api);
}
