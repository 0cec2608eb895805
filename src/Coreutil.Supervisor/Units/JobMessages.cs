using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>What the journal of a unit says of its jobs, in the words that systemd 252 has for each type of unit.</summary>
public static class JobMessages
{
    /// <summary>Of a job that has begun and takes a while; null where the type has nothing that takes a while.</summary>
    public static string? Begun(UnitDefinition unit, JobKind kind)
    {
        string? doing = (UnitName.Suffix(unit.Name), kind) switch
        {
            ("device", JobKind.Start) => "Expecting device",
            ("mount", JobKind.Start) => "Mounting",
            ("mount", JobKind.Stop or JobKind.Restart) => "Unmounting",
            ("service", JobKind.Start) => "Starting",
            ("service", JobKind.Stop or JobKind.Restart) => "Stopping",
            ("service", JobKind.Reload) => "Reloading",
            _ => null,
        };
        return doing is null ? null : $"{doing} {unit.Title}...";
    }

    /// <summary>Of a start that a condition has made nothing of.</summary>
    public static string Skipped(UnitDefinition unit, UnitCondition unmet) => unmet.IsTriggering
        ? $"{unit.Title} was skipped because no trigger condition checks were met."
        : $"{unit.Title} was skipped because of an unmet condition check (Condition{unmet.Kind}={(unmet.IsNegated ? "!" : "")}{unmet.Argument}).";

    /// <summary>Of a job that is over; null where nobody is told.</summary>
    public static (string Text, int Priority)? Ended(UnitDefinition unit, JobKind kind, JobResult result)
    {
        string type = UnitName.Suffix(unit.Name);
        string? format = (kind, result) switch
        {
            (JobKind.Start, JobResult.Done) => type switch
            {
                "automount" => "Set up automount {0}.",
                "device" => "Found device {0}.",
                "mount" => "Mounted {0}.",
                "service" when unit.Service.Type == ServiceType.Oneshot => "Finished {0}.",
                "slice" => "Created slice {0}.",
                "socket" => "Listening on {0}.",
                "target" => "Reached target {0}.",
                _ => "Started {0}.",
            },
            (JobKind.Start, JobResult.Failed) => type switch
            {
                "automount" => "Failed to set up automount {0}.",
                "mount" => "Failed to mount {0}.",
                "socket" => "Failed to listen on {0}.",
                _ => "Failed to start {0}.",
            },
            (JobKind.Start or JobKind.VerifyActive, JobResult.Dependency) => "Dependency failed for {0}.",
            (JobKind.Start, JobResult.Timeout) => type == "device" ? "Timed out waiting for device {0}." : "Timed out starting {0}.",
            (JobKind.Start, JobResult.Unsupported) => "Starting of {0} unsupported.",
            (JobKind.Start, JobResult.Assert) => "Assertion failed for {0}.",
            (JobKind.Stop or JobKind.Restart, JobResult.Done) => type switch
            {
                "automount" => "Unset automount {0}.",
                "mount" => "Unmounted {0}.",
                "slice" => "Removed slice {0}.",
                "socket" => "Closed {0}.",
                "target" => "Stopped target {0}.",
                _ => "Stopped {0}.",
            },
            (JobKind.Stop or JobKind.Restart, JobResult.Failed) => type switch
            {
                "mount" => "Failed unmounting {0}.",
                _ => "Stopped (with error) {0}.",
            },
            (JobKind.Reload, JobResult.Done) => "Reloaded {0}.",
            (JobKind.Reload, JobResult.Failed) => "Reload failed for {0}.",
            _ => null,
        };
        int priority = result switch
        {
            JobResult.Failed or JobResult.Timeout => Priorities.Error,
            JobResult.Dependency or JobResult.Assert or JobResult.Unsupported => Priorities.Warning,
            _ => Priorities.Information,
        };
        return format is null ? null : (format.Replace("{0}", unit.Title, StringComparison.Ordinal), priority);
    }
}
