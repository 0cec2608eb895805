using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Core.Applets;
using Coreutil.Core.Logging;
using Coreutil.Core.ServiceManager;
using Coreutil.Etcd.Server;
using Coreutil.Etcd.Server.Proxy;
using Microsoft.Extensions.Logging;

namespace Coreutil.Applets.Etcd;

/// <summary>Runs a member until it is told to stop, or cannot go on.</summary>
internal static partial class EtcdCommand
{
    public static async Task<int> RunAsync(AppletContext context, IReadOnlyDictionary<string, string> flags, CancellationToken cancel)
    {
        var settings = EtcdSettings.Read(flags, context.Variable);
        using var logging = LineLoggerProvider.CreateFactory(context.Error, FormatLine, settings.IsDebug ? LogLevel.Debug : LogLevel.Information);
        var logger = logging.CreateLogger("etcdmain");
        foreach (var (remark, isWarning) in EtcdEnvironment.Remarks(context.Environment, flags))
        {
            LogRemark(logger, isWarning ? LogLevel.Warning : LogLevel.Information, remark);
        }

        foreach (string warning in settings.Warnings)
        {
            LogRemark(logger, LogLevel.Warning, warning);
        }

        if (settings.Failure is { } failure)
        {
            LogBadFlags(logger, failure);
            if (failure.StartsWith(EtcdSettings.AdvertiseRequired, StringComparison.Ordinal))
            {
                LogAdvertise(logger);
            }

            return ExitCode.Failure;
        }

        var sockets = SocketActivation.Sockets(context.Variable, Environment.ProcessId);
        var config = settings.Config with
        {
            InheritedPeerSockets = [.. sockets.Where(IsForPeers).Select(socket => socket.Descriptor)],
            InheritedClientSockets = [.. sockets.Where(socket => !IsForPeers(socket)).Select(socket => socket.Descriptor)],
        };
        try
        {
            await RunAsync(config, settings.Joining, context, logger, cancel);
        }
        catch (EtcdStartException refused)
        {
            LogCannotStart(logger, refused.Message);
            return ExitCode.Failure;
        }
        catch (IOException)
        {
            // The server has logged what ended it.
            return ExitCode.Failure;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            LogStopping(logger);
        }

        return ExitCode.Success;
    }

    /// <summary>What is in the data directory decides; the flags do only where there is nothing yet.</summary>
    private static async Task RunAsync(EtcdConfig config, Joining joining, AppletContext context, ILogger logger, CancellationToken cancel)
    {
        bool wasMember = EtcdServer.HasRunIn(config);
        bool wasProxy = EtcdProxy.HasRunIn(config);
        if (wasMember && wasProxy)
        {
            throw new EtcdStartException($"invalid datadir {config.EffectiveDataDirectory}: both member and proxy directories exist. Remove the one that this process is no longer to be");
        }

        if ((wasMember || wasProxy) && (joining.DiscoveryUrl.Length > 0 || joining.SrvDomain.Length > 0))
        {
            LogDiscoveryIgnored(logger, wasProxy ? "the proxy" : "a cluster", config.EffectiveDataDirectory);
        }

        JoinPlan? plan = wasMember ? new JoinPlan(config, null)
            : wasProxy ? new JoinPlan(config, [])
            : await ClusterJoin.ResolveAsync(config, joining, context.Time, logger, cancel);
        while (plan is not null)
        {
            plan = plan.ProxyTo is { } peers
                ? await RunProxyAsync(plan, peers, context, logger, cancel)
                : await RunMemberAsync(plan.Config, context, logger, cancel);
        }
    }

    /// <summary>What the process is next: a member, when the cluster has a place for this standby.</summary>
    private static async Task<JoinPlan?> RunProxyAsync(JoinPlan plan, ImmutableArray<string> peers, AppletContext context, ILogger logger, CancellationToken cancel)
    {
        await using (await EtcdProxy.StartAsync(plan.Config, peers, logger, context.Time, cancel))
        {
            SystemdNotify.Send(context.Variable("NOTIFY_SOCKET"), "READY=1");
            await (plan.WaitsForPlace
                ? OldPeers.WaitForPlaceAsync(plan.Config, peers, context.Time, cancel)
                : Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancel));
        }

        Directory.Delete(Path.Combine(plan.Config.EffectiveDataDirectory, "proxy"), recursive: true);
        return await OldPeers.JoinAsync(plan.Config, peers, context.Time, logger, cancel);
    }

    /// <summary>What the process is next: 0.4's standby, when the cluster took its place away by its settings.</summary>
    private static async Task<JoinPlan?> RunMemberAsync(EtcdConfig config, AppletContext context, ILogger logger, CancellationToken cancel)
    {
        ImmutableArray<string>? standbyFor;
        await using (var server = await EtcdServer.StartAsync(config, logger, context.Time, cancel))
        {
            SystemdNotify.Send(context.Variable("NOTIFY_SOCKET"), "READY=1");
            await server.Completion.WaitAsync(cancel);
            standbyFor = server.StandbyFor;
        }

        if (standbyFor is not { } peers)
        {
            return null;
        }

        LogStandingBy(logger, config.EffectiveDataDirectory);
        EtcdServer.PutAside(config);
        return new JoinPlan(config, peers, WaitsForPlace: true);
    }

    /// <summary>FileDescriptorName=peer in the socket unit; any other socket is for clients.</summary>
    private static bool IsForPeers((int Descriptor, string Name) socket) => socket.Name == "peer";

    /// <summary>The original's log line: local time with microseconds, the level's letter.</summary>
    internal static string FormatLine(DateTimeOffset now, LogLevel level, string category, string message)
    {
        char letter = level switch
        {
            LogLevel.Critical => 'C',
            LogLevel.Error => 'E',
            LogLevel.Warning => 'W',
            LogLevel.Information => 'I',
            _ => 'D',
        };
        return string.Create(CultureInfo.InvariantCulture, $"{now:yyyy-MM-dd HH:mm:ss.ffffff} {letter} | {message}");
    }

    [LoggerMessage(EventId = 1, Message = "{Remark}")]
    private static partial void LogRemark(ILogger logger, LogLevel level, string remark);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "etcdmain: error verifying flags, {Failure}. See 'etcd --help'.")]
    private static partial void LogBadFlags(ILogger logger, string failure);

    [LoggerMessage(EventId = 5, Level = LogLevel.Error, Message = "etcdmain: When listening on specific address(es), this etcd process must advertise accessible url(s) to each connected client.")]
    private static partial void LogAdvertise(ILogger logger);

    [LoggerMessage(EventId = 3, Level = LogLevel.Critical, Message = "etcdmain: {Failure}")]
    private static partial void LogCannotStart(ILogger logger, string failure);

    [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "etcdmain: discovery token ignored since {Who} has already been initialized in {Directory}")]
    private static partial void LogDiscoveryIgnored(ILogger logger, string who, string directory);

    [LoggerMessage(EventId = 6, Level = LogLevel.Warning, Message = "etcdmain: this member lost its place in the cluster and stands by as a proxy until there is one; its data is put aside in {Directory}")]
    private static partial void LogStandingBy(ILogger logger, string directory);

    [LoggerMessage(EventId = 4, Level = LogLevel.Information, Message = "etcdmain: received a signal, shutting down...")]
    private static partial void LogStopping(ILogger logger);
}
