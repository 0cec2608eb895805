using Microsoft.Extensions.Logging;

namespace Coreutil.Confd;

/// <summary>The fixed texts of confd (confd.md §2): scripts look for them.</summary>
public static partial class ConfdLog
{
    [LoggerMessage(1, LogLevel.Information, "Backend set to {Backend}")]
    public static partial void BackendSet(this ILogger log, string backend);

    [LoggerMessage(2, LogLevel.Information, "Starting confd")]
    public static partial void Starting(this ILogger log);

    [LoggerMessage(3, LogLevel.Information, "Backend source(s) set to {Sources}")]
    public static partial void SourcesSet(this ILogger log, string sources);

    [LoggerMessage(4, LogLevel.Debug, "Loading template resources from confdir {Directory}")]
    public static partial void LoadingResources(this ILogger log, string directory);

    [LoggerMessage(5, LogLevel.Debug, "Found template: {Path}")]
    public static partial void FoundTemplate(this ILogger log, string path);

    [LoggerMessage(6, LogLevel.Debug, "Loading template resource from {Path}")]
    public static partial void LoadingResource(this ILogger log, string path);

    [LoggerMessage(7, LogLevel.Debug, "Retrieving keys from store")]
    public static partial void RetrievingKeys(this ILogger log);

    [LoggerMessage(8, LogLevel.Debug, "Key prefix set to {Prefix}")]
    public static partial void PrefixSet(this ILogger log, string prefix);

    [LoggerMessage(9, LogLevel.Debug, "Using source template {Path}")]
    public static partial void UsingTemplate(this ILogger log, string path);

    [LoggerMessage(10, LogLevel.Debug, "Compiling source template {Path}")]
    public static partial void CompilingTemplate(this ILogger log, string path);

    [LoggerMessage(11, LogLevel.Debug, "Comparing candidate config to {Destination}")]
    public static partial void Comparing(this ILogger log, string destination);

    [LoggerMessage(12, LogLevel.Debug, "Overwriting target config {Destination}")]
    public static partial void Overwriting(this ILogger log, string destination);

    [LoggerMessage(13, LogLevel.Debug, "Running {Command}")]
    public static partial void RunningCommand(this ILogger log, string command);

    [LoggerMessage(14, LogLevel.Debug, "{Output}")]
    public static partial void CommandOutput(this ILogger log, string output);

    [LoggerMessage(15, LogLevel.Error, "{Output}")]
    public static partial void FailedCommandOutput(this ILogger log, string output);

    [LoggerMessage(16, LogLevel.Debug, "Target config {Destination} in sync")]
    public static partial void InSync(this ILogger log, string destination);

    [LoggerMessage(17, LogLevel.Debug, "Rename failed - target is likely a mount. Trying to write instead")]
    public static partial void RenameFailed(this ILogger log);

    [LoggerMessage(18, LogLevel.Information, "{Destination} has UID {Actual} should be {Wanted}")]
    public static partial void DifferentUser(this ILogger log, string destination, uint actual, uint wanted);

    [LoggerMessage(19, LogLevel.Information, "{Destination} has GID {Actual} should be {Wanted}")]
    public static partial void DifferentGroup(this ILogger log, string destination, uint actual, uint wanted);

    [LoggerMessage(20, LogLevel.Information, "{Destination} has mode {Actual} should be {Wanted}")]
    public static partial void DifferentMode(this ILogger log, string destination, string actual, string wanted);

    [LoggerMessage(21, LogLevel.Information, "{Destination} has md5sum {Actual} should be {Wanted}")]
    public static partial void DifferentContent(this ILogger log, string destination, string actual, string wanted);

    [LoggerMessage(22, LogLevel.Information, "Target config {Destination} out of sync")]
    public static partial void OutOfSync(this ILogger log, string destination);

    [LoggerMessage(23, LogLevel.Information, "Target config {Destination} has been updated")]
    public static partial void Updated(this ILogger log, string destination);

    [LoggerMessage(24, LogLevel.Information, "Keeping staged file: {Path}")]
    public static partial void KeepingStagedFile(this ILogger log, string path);

    [LoggerMessage(25, LogLevel.Warning, "Noop mode enabled. {Destination} will not be modified")]
    public static partial void NothingModified(this ILogger log, string destination);

    [LoggerMessage(26, LogLevel.Warning, "Found no templates")]
    public static partial void FoundNone(this ILogger log);

    [LoggerMessage(27, LogLevel.Warning, "Cannot load template resources: confdir '{Directory}' does not exist")]
    public static partial void NoConfigDirectory(this ILogger log, string directory);

    [LoggerMessage(28, LogLevel.Error, "{Message}")]
    public static partial void Failed(this ILogger log, string message);

    [LoggerMessage(29, LogLevel.Critical, "{Message}")]
    public static partial void Fatal(this ILogger log, string message);

    [LoggerMessage(30, LogLevel.Information, "Captured termination. Exiting...")]
    public static partial void Stopping(this ILogger log);

    [LoggerMessage(31, LogLevel.Information, "Waiting for keys: {Reason}")]
    public static partial void WaitingForKeys(this ILogger log, string reason);

    [LoggerMessage(32, LogLevel.Information, "Reloading template resources from {Directory}")]
    public static partial void ReloadingResources(this ILogger log, string directory);

    [LoggerMessage(33, LogLevel.Information, "Templates below {Directory} were edited")]
    public static partial void TemplatesEdited(this ILogger log, string directory);

    [LoggerMessage(34, LogLevel.Debug, "{Path}: unknown key {Key}")]
    public static partial void UnknownKey(this ILogger log, string path, string key);

    [LoggerMessage(35, LogLevel.Debug, "metrics: {Reason}")]
    public static partial void MetricsClientGone(this ILogger log, string reason);

    [LoggerMessage(36, LogLevel.Information, "SRV record set to {Record}")]
    public static partial void ServiceRecordSet(this ILogger log, string record);

    [LoggerMessage(37, LogLevel.Warning, "-secret-keyring: this confd does not decrypt; templates that call cget, cgets, cgetv or cgetvs are refused")]
    public static partial void KeyringUnused(this ILogger log);
}
