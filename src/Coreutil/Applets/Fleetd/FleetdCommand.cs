using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Core.Applets;
using Coreutil.Core.Logging;
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
            using var logs = LineLoggerProvider.CreateFactory(
                context.Error, FormatLine, config.Verbosity > 0 ? LogLevel.Debug : LogLevel.Information, context.Time);
            var log = logs.CreateLogger("fleetd");
            var manager = LocalUnitManager.Choose(context, config);
            await using var server = await FleetServer.StartAsync(
                config, manager, stop => LocalUnitManager.EnsureRunningAsync(context, config, manager, stop), log, context.Time, cancel);
            await Task.WhenAny(server.Completion, Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancel));
            return server.Completion.IsFaulted ? ExitCode.Failure : ExitCode.Success;
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

        return FleetConfigReader.Read(text, file, context.Variable, request.Options) with { ListenDescriptors = ReadDescriptors(context) };
    }

    // systemd.socket(5): descriptors from 3 on, for the process of that ID only.
    private static ImmutableArray<int> ReadDescriptors(AppletContext context) =>
        context.Variable("LISTEN_PID") == Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
        && int.TryParse(context.Variable("LISTEN_FDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            ? [.. Enumerable.Range(3, count)]
            : [];

    private static string FormatLine(DateTimeOffset now, LogLevel level, string category, string message) => $"{Word(level)} {category}: {message}";

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARN",
        LogLevel.Error => "ERROR",
        _ => "FATAL",
    };
}
