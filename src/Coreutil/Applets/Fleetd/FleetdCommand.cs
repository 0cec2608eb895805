using Coreutil.Core.Applets;
using Coreutil.Core.Logging;
using Coreutil.Core.ServiceManager;
using Coreutil.Fleet;
using Microsoft.Extensions.Logging;

namespace Coreutil.Applets.Fleetd;

/// <summary>Reads the configuration, starts the server and ends it gracefully.</summary>
internal static class FleetdCommand
{
    internal static async Task<int> RunAsync(AppletContext context, FleetdRequest request, CancellationToken cancel)
    {
        if (request.IsVersionAsked)
        {
            await context.Out.WriteLineAsync($"fleetd version {FleetServer.Version}");
            return ExitCode.Success;
        }

        try
        {
            var config = ReadConfig(context, request);
            var minimum = new Minimum(config);
            using var logs = LineLoggerProvider.CreateFactory(
                context.Error, (now, level, category, message) => level < minimum.Level ? null : FormatLine(level, category, message), LogLevel.Debug, context.Time);
            var log = logs.CreateLogger("fleetd");
            log.LogStarting(FleetServer.Version);
            var manager = LocalUnitManager.Choose(context, config);
            await using var daemon = await FleetDaemon.StartAsync(
                config, manager, stop => LocalUnitManager.EnsureRunningAsync(context, config, manager, stop), log, context.Time, cancel);
            using var signals = new FleetdSignals(daemon, () => minimum.Follow(ReadConfig(context, request)), request.ConfigFile ?? FleetConfig.DefaultFile, context.Out, log);
            await Task.WhenAny(daemon.WaitForFailureAsync(cancel), signals.RunAsync(cancel));
            if (cancel.IsCancellationRequested)
            {
                log.LogStopping();
                return ExitCode.Success;
            }

            return ExitCode.Failure;
        }
        catch (FleetStartException refused)
        {
            await context.Error.WriteLineAsync($"fleetd: {refused.Message}");
            return ExitCode.Failure;
        }
    }

    private static FleetConfig ReadConfig(AppletContext context, FleetdRequest request)
    {
        string file = request.ConfigFile ?? FleetConfig.DefaultFile;
        string? text = null;
        if (request.ConfigFile is not null || File.Exists(file))
        {
            try
            {
                text = File.ReadAllText(file);
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                throw new FleetStartException($"cannot read the configuration {file}: {unreadable.Message}", unreadable);
            }
        }

        return FleetConfigReader.Read(text, file, context.Variable, request.Options) with
        {
            ListenDescriptors = SocketActivation.Sockets(context.Variable, Environment.ProcessId),
        };
    }

    private static string FormatLine(LogLevel level, string category, string message) => $"{Word(level)} {category}: {message}";

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARN",
        LogLevel.Error => "ERROR",
        _ => "FATAL",
    };

    /// <summary>What is logged, which a reload may change.</summary>
    private sealed class Minimum(FleetConfig config)
    {
        private int _level = (int)LevelOf(config);

        public LogLevel Level => (LogLevel)Volatile.Read(ref _level);

        public FleetConfig Follow(FleetConfig changed)
        {
            Volatile.Write(ref _level, (int)LevelOf(changed));
            return changed;
        }

        private static LogLevel LevelOf(FleetConfig config) => config.Verbosity > 0 ? LogLevel.Debug : LogLevel.Information;
    }
}
