using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Units;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor;

/// <summary>start, stop, restart, try-restart and reload with systemctl's texts and exit codes.</summary>
internal sealed class JobRequests(UnitSupervisor supervisor)
{
    private const int ExitNotImplemented = 3;
    private const int ExitNoPermission = 4;
    private const int ExitNotFound = 5;

    public async Task<UnitdReply> RunAsync(UnitdRequest request)
    {
        var errors = new List<string>();
        int exitCode = 0;
        var jobs = new List<Job>();
        foreach (string name in await supervisor.AskAsync(units => UnitPatterns.Expand(units, request.Names, request.IsAll)))
        {
            var (job, refusal, code) = await supervisor.AskAsync(units => Queue(request.Verb, name));
            if (job is not null && await supervisor.AskAsync(units => units.IsStale(job.Unit.Definition)))
            {
                errors.Add(StatusText.StaleWarning(name));
            }

            if (job is not null)
            {
                jobs.Add(job);
            }
            else if (refusal is not null)
            {
                errors.Add(refusal);
                exitCode = code;
            }
        }

        foreach (var job in request.IsWaiting ? jobs : [])
        {
            var result = await job.Completion;
            if (await supervisor.AskAsync(_ => Explain(job, result)) is { } failure)
            {
                errors.Add(failure);
                exitCode = 1;
            }
        }

        if (request.Verb == "stop")
        {
            errors.AddRange(await supervisor.AskAsync(units => jobs.Select(job => StillTriggered(units, job.Unit.Name)).OfType<string>().ToArray()));
        }

        return new UnitdReply { ExitCode = exitCode, Error = string.Join('\n', errors) };
    }

    /// <summary>Stops, then forgets. A unit whose stop fails stays, so that the next attempt finds it.</summary>
    public async Task<UnitdReply> UnloadAsync(string name)
    {
        if (await supervisor.AskAsync(units => units.Find(name) is null ? null : units.Enqueue(name, JobKind.Stop).Job) is { } job)
        {
            await job.Completion;
        }

        return await supervisor.AskAsync(units =>
        {
            units.Unload(name);
            return new UnitdReply();
        });
    }

    private (Job? Job, string? Refusal, int ExitCode) Queue(string verb, string name)
    {
        if (UnitName.IsTemplate(name))
        {
            return Refuse(1, $"Unit name {name} is missing the instance name.", hasAdvice: true);
        }

        var unit = supervisor.Find(name);
        if (unit is null || (verb is "stop" && unit.State.LoadState is "bad-setting" or "error" && unit.IsIdle))
        {
            return (null, $"Failed to {verb} {name}: Unit {name} {(verb is "stop" ? "not loaded" : "not found")}.", ExitNotFound);
        }

        bool isRefused = verb is "stop" ? unit.Definition.RefusesManualStop : verb is not "reload" && unit.Definition.RefusesManualStart;
        if (isRefused)
        {
            return Refuse(ExitNoPermission, $"Operation refused, unit {name} may be requested by dependency only (it is configured to refuse manual start/stop).", hasAdvice: true);
        }

        if (verb.EndsWith("reload-or-restart", StringComparison.Ordinal))
        {
            verb = unit is { CanReload: true, IsActive: true } ? "reload" : verb.StartsWith("try-", StringComparison.Ordinal) ? "try-restart" : "restart";
        }

        if (verb == "try-restart" && unit.IsIdle)
        {
            return (null, null, 0);
        }

        if (verb == "reload" && !unit.CanReload)
        {
            return Refuse(ExitNotImplemented, $"Job type reload is not applicable for unit {name}.");
        }

        var kind = verb switch
        {
            "start" => JobKind.Start,
            "stop" => JobKind.Stop,
            "reload" => JobKind.Reload,
            _ => JobKind.Restart,
        };
        var (job, refusal) = supervisor.Enqueue(name, kind);
        return refusal is null ? (job, null, 0) : Refuse(refusal.IsNotFound ? ExitNotFound : 1, refusal.Reason, hasAdvice: !refusal.IsNotFound && unit.State.LoadState != "masked");

        (Job? Job, string? Refusal, int ExitCode) Refuse(int code, string why, bool hasAdvice = false) =>
            (null, $"Failed to {verb} {name}: {why}{(hasAdvice ? $"\nSee unitd's log and 'unitctl status {name}' for details." : "")}", code);
    }

    /// <summary>A stopped unit that something may start again; null where there is nothing.</summary>
    private static string? StillTriggered(UnitSupervisor units, string name)
    {
        string[] triggers = [.. units.ReferencesTo(name).By(other => other.Triggers).Where(trigger => units.Find(trigger) is { IsActive: true })];
        return triggers.Length == 0 ? null : $"Warning: Stopping {name}, but it can still be activated by:\n{string.Join('\n', triggers.Select(trigger => $"  {trigger}"))}";
    }

    /// <summary>Null where nothing failed.</summary>
    private static string? Explain(Job job, JobResult result) => result switch
    {
        JobResult.Done => null,
        JobResult.Canceled => $"Job for {job.Unit.Name} canceled.",
        JobResult.Dependency => $"A dependency job for {job.Unit.Name} failed. See 'unitctl journal {job.Unit.Name}' for details.",
        JobResult.Timeout => $"Job for {job.Unit.Name} timed out.",
        JobResult.Unsupported => $"Operation on or unit type of {job.Unit.Name} not supported on this system.",
        JobResult.Invalid => $"{job.Unit.Name} is not active, cannot reload.",
        JobResult.Assert => $"Assertion failed on job for {job.Unit.Name}.",
        _ => $"Job for {job.Unit.Name} failed{Because(job.Unit.Result)}.\nSee \"unitctl status {job.Unit.Name}\" and \"unitctl journal {job.Unit.Name}\" for details.",
    };

    private static string Because(ServiceResult result) => result switch
    {
        ServiceResult.Resources => " because of unavailable resources or another system error",
        ServiceResult.Protocol => " because the service did not take the steps required by its unit configuration",
        ServiceResult.Timeout => " because a timeout was exceeded",
        ServiceResult.ExitCode => " because the control process exited with error code",
        ServiceResult.Signal => " because a fatal signal was delivered to the control process",
        ServiceResult.CoreDump => " because a fatal signal was delivered causing the control process to dump core",
        ServiceResult.Watchdog => " because the service failed to send watchdog ping",
        ServiceResult.StartLimitHit => " because start of the service was attempted too often",
        _ => "",
    };
}
