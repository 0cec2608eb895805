using Microsoft.Extensions.Logging;

namespace Coreutil.Applets.Fleetd;

internal static partial class FleetdLog
{
    [LoggerMessage(1, LogLevel.Information, "Starting fleetd version {Version}")]
    public static partial void LogStarting(this ILogger log, string version);

    [LoggerMessage(2, LogLevel.Information, "Reloading configuration from {File}")]
    public static partial void LogReloading(this ILogger log, string file);

    [LoggerMessage(3, LogLevel.Error, "Configuration not reloaded, the one before stays in use: {Cause}")]
    public static partial void LogNotReloaded(this ILogger log, string cause);

    [LoggerMessage(4, LogLevel.Information, "Dumping server state")]
    public static partial void LogDumping(this ILogger log);

    [LoggerMessage(5, LogLevel.Information, "Gracefully shutting down")]
    public static partial void LogStopping(this ILogger log);
}
