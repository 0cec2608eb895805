using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet;

internal static partial class FleetLog
{
    [LoggerMessage(1, LogLevel.Information, "Registry at index {Index} read")]
    public static partial void StoreAnswers(this ILogger log, ulong index);

    [LoggerMessage(2, LogLevel.Warning, "Lost contact to etcd, units go on as they are: {Cause}")]
    public static partial void StoreLost(this ILogger log, string cause);

    [LoggerMessage(3, LogLevel.Information, "Machine({Id}) registered with address {Address}")]
    public static partial void Registered(this ILogger log, string id, string address);

    [LoggerMessage(4, LogLevel.Error, "Machine({Id}) is registered already: a machine of the same ID is alive, or this one's last registration has not expired; trying again in {Pause}")]
    public static partial void DuplicateMachine(this ILogger log, string id, TimeSpan pause);

    [LoggerMessage(5, LogLevel.Warning, "Machine not registered: {Cause}")]
    public static partial void RegistrationFailed(this ILogger log, string cause);

    [LoggerMessage(7, LogLevel.Information, "{Change}")]
    public static partial void LeadershipChanged(this ILogger log, string change);

    [LoggerMessage(8, LogLevel.Warning, "Engine pass not finished: {Cause}")]
    public static partial void EngineInterrupted(this ILogger log, string cause);

    [LoggerMessage(9, LogLevel.Information, "Scheduled Unit({Unit}) to Machine({Machine}): {Reason}")]
    public static partial void Scheduled(this ILogger log, string unit, string machine, string reason);

    [LoggerMessage(10, LogLevel.Information, "Unscheduled Unit({Unit}) from Machine({Machine}): {Reason}")]
    public static partial void Unscheduled(this ILogger log, string unit, string machine, string reason);

    [LoggerMessage(11, LogLevel.Warning, "No machine for Unit({Unit}): {Reason}")]
    public static partial void Unschedulable(this ILogger log, string unit, string reason);

    [LoggerMessage(12, LogLevel.Information, "{Task} Unit({Unit}): {Reason}")]
    public static partial void TaskDone(this ILogger log, string task, string unit, string reason);

    [LoggerMessage(13, LogLevel.Error, "Failed task for {What}: {Cause}")]
    public static partial void TaskFailed(this ILogger log, string what, string cause);

    [LoggerMessage(14, LogLevel.Error, "Unable to read the units of this machine: {Cause}")]
    public static partial void UnitsUnreadable(this ILogger log, string cause);

    [LoggerMessage(15, LogLevel.Warning, "Unit states not published: {Cause}")]
    public static partial void PublishFailed(this ILogger log, string cause);

    [LoggerMessage(16, LogLevel.Information, "Created Unit({Unit}) with desired state {State}")]
    public static partial void JobCreated(this ILogger log, string unit, string state);

    [LoggerMessage(17, LogLevel.Information, "Desired state of Unit({Unit}) is {State}")]
    public static partial void TargetStateSet(this ILogger log, string unit, string state);

    [LoggerMessage(18, LogLevel.Information, "Destroyed Unit({Unit})")]
    public static partial void JobDestroyed(this ILogger log, string unit);

    [LoggerMessage(19, LogLevel.Debug, "The client of {Path} left")]
    public static partial void ClientLeft(this ILogger log, string path);

    [LoggerMessage(35, LogLevel.Debug, "HTTP {Method} {Path}{Query}")]
    public static partial void RequestCame(this ILogger log, string method, string path, Microsoft.AspNetCore.Http.QueryString query);

    [LoggerMessage(20, LogLevel.Error, "{Method} {Path}: {Cause}")]
    public static partial void RequestFailed(this ILogger log, string method, string path, string cause);

    [LoggerMessage(21, LogLevel.Critical, "A part of fleetd failed")]
    public static partial void PartFailed(this ILogger log, Exception failure);

    [LoggerMessage(22, LogLevel.Warning, "Left without telling the cluster everything: {Cause}")]
    public static partial void LeaveIncomplete(this ILogger log, string cause);

    [LoggerMessage(23, LogLevel.Warning, "Units of Machine({Id}) stay assigned while it does not answer: {Reason}")]
    public static partial void MachineLate(this ILogger log, string id, string reason);

    [LoggerMessage(24, LogLevel.Information, "Removed the state of Unit({Unit}) that Machine({Machine}) left behind")]
    public static partial void StateSwept(this ILogger log, string unit, string machine);

    [LoggerMessage(25, LogLevel.Information, "Removed the unit file {Hash}, which no unit has used for a while")]
    public static partial void UnitFileCollected(this ILogger log, string hash);

    [LoggerMessage(26, LogLevel.Error, "No etcd for {Lost}: stopping this machine's units, which may run elsewhere by now (fence)")]
    public static partial void Fenced(this ILogger log, TimeSpan lost);

    [LoggerMessage(27, LogLevel.Error, "{Failure}; the files before stay in use")]
    public static partial void TlsFilesUnusable(this ILogger log, string failure);

    [LoggerMessage(28, LogLevel.Information, "Restarting server components")]
    public static partial void RestartingComponents(this ILogger log);

    [LoggerMessage(29, LogLevel.Error, "Configuration not reloaded, the one before stays in use: {Cause}")]
    public static partial void ReloadRefused(this ILogger log, string cause);

    [LoggerMessage(30, LogLevel.Error, "Config option {Option} is no longer supported - ignoring")]
    public static partial void OptionIgnored(this ILogger log, string option);

    [LoggerMessage(36, LogLevel.Warning, "{Option} is {Configured} in the configuration and {Running} in this process: that takes a restart of fleetd")]
    public static partial void RestartNeeded(this ILogger log, string option, string configured, string running);

    [LoggerMessage(34, LogLevel.Error, "etcd refuses to show the registry, {Root} and all below it: {Cause}; its user needs a role with --path={Root}* and --readwrite")]
    public static partial void RegistryRefused(this ILogger log, string root, string cause);

    // The original's words, which its tests wait for.
    [LoggerMessage(31, LogLevel.Error, "Server monitor triggered: Monitor timed out before successful heartbeat ({Cause}); units go on as they are")]
    public static partial void HeartbeatFailed(this ILogger log, string cause);

    [LoggerMessage(32, LogLevel.Warning, "Docker does not answer on {Endpoint}, nothing is known of the containers of units: {Cause}")]
    public static partial void DockerLost(this ILogger log, string endpoint, string cause);

    [LoggerMessage(33, LogLevel.Information, "Docker answers on {Endpoint}")]
    public static partial void DockerAnswers(this ILogger log, string endpoint);
}
