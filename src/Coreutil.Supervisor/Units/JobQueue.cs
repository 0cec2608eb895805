using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;

namespace Coreutil.Supervisor.Units;

/// <summary>How a job ended, in systemd's words.</summary>
public enum JobResult
{
    Done,
    Failed,
    Dependency,
    Canceled,
    Assert,

    Timeout,
    Unsupported,

    /// <summary>Only what is active can be reloaded.</summary>
    Invalid,
}

/// <summary>One waiting or running job of a unit; a unit has at most one.</summary>
public sealed class Job(SupervisedUnit unit, JobKind kind)
{
    private readonly TaskCompletionSource<JobResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SupervisedUnit Unit => unit;

    /// <summary>A restart becomes a start when its stop is done.</summary>
    public JobKind Kind { get; set; } = kind;

    public bool IsRunning { get; set; }

    /// <summary>The unit was there already: nobody is told of such a job.</summary>
    public bool IsWithoutWork { get; set; }

    public Task<JobResult> Completion => _completion.Task;

    public void Complete(JobResult result) => _completion.TrySetResult(result);
}

/// <summary>
/// Carries out the jobs of transactions in the order of After= and Before=. Lives on the supervisor's loop. Only jobs that something happened to are
/// looked at: a job that is held back is looked at again when one that it is ordered with is over.
/// </summary>
/// <param name="index">Tells which units are ordered with a unit.</param>
/// <param name="onDependencyFailed">A unit could not start because of another one: that too is a failure that OnFailure= hears of.</param>
/// <param name="onEnded">A unit has no job any more.</param>
/// <param name="report">Writes a line of this priority into a unit's journal.</param>
public sealed class JobQueue(DependencyIndex index, Action<SupervisedUnit> onDependencyFailed, Action<SupervisedUnit> onEnded, Action<SupervisedUnit, string, int> report)
{
    private readonly Dictionary<string, Job> _jobs = new(StringComparer.Ordinal);
    private readonly Queue<Job> _toBegin = [];
    private readonly Queue<Job> _toEnd = [];
    private int _running;

    public Job? JobOf(string unit) => _jobs.GetValueOrDefault(unit);

    /// <summary>Adds a job. One of the same kind is shared, a start and a restart merge, and everything else that the unit still has is cancelled (mode replace).</summary>
    public Job Add(SupervisedUnit unit, JobKind kind)
    {
        if (_jobs.TryGetValue(unit.Name, out var present))
        {
            if (present.Kind == kind || (present.Kind == JobKind.Restart && kind == JobKind.Start) || (kind == JobKind.VerifyActive && present.Kind == JobKind.Start))
            {
                return present;
            }

            if (present.Kind == JobKind.Start && kind == JobKind.Restart)
            {
                Become(present, kind);
                return present;
            }

            SetRunning(present, false);
            present.Complete(JobResult.Canceled);
        }

        var job = new Job(unit, kind);
        _jobs[unit.Name] = job;
        _toBegin.Enqueue(job);
        if (present is not null)
        {
            LookAgainAround(unit);
        }

        return job;
    }

    public IReadOnlyCollection<Job> All => _jobs.Values;

    /// <summary>A job that another supervisor had, waiting or running.</summary>
    public void Recall(SupervisedUnit unit, JobKind kind, bool isRunning) => SetRunning(Add(unit, kind), isRunning);

    /// <summary>The unit's state may have changed: its job may be over, or can begin now.</summary>
    public void NoteChange(SupervisedUnit unit)
    {
        if (_jobs.TryGetValue(unit.Name, out var job))
        {
            (job.IsRunning ? _toEnd : _toBegin).Enqueue(job);
        }
    }

    /// <summary>Ends the jobs whose unit has arrived; true when there was one.</summary>
    public bool TryEndAny()
    {
        bool hasEnded = false;
        for (int count = _toEnd.Count; count > 0; count--)
        {
            var job = _toEnd.Dequeue();
            hasEnded |= IsCurrent(job) && TryEnd(job);
        }

        return hasEnded;
    }

    /// <summary>Begins one job that nothing holds back; false when there is none.</summary>
    public bool TryBeginOne()
    {
        while (_toBegin.TryDequeue(out var job))
        {
            if (IsCurrent(job) && !job.IsRunning && !IsHeldBack(job) && TryBegin(job))
            {
                return true;
            }
        }

        // Jobs that wait for each other in a circle would wait for ever: the first by name goes.
        return _running == 0 && _jobs.Count > 1 && _jobs.Values.All(IsHeldBack)
            && TryBegin(_jobs.Values.MinBy(job => job.Unit.Name, StringComparer.Ordinal)!);
    }

    private bool IsCurrent(Job job) => _jobs.TryGetValue(job.Unit.Name, out var present) && present == job;

    private bool IsHeldBack(Job job) => OrderedWith(job.Unit).Any(other => other != job && Transaction.Waits(
        job.Unit.Name, job.Unit.Definition.Dependencies, job.Kind, other.Unit.Name, other.Unit.Definition.Dependencies, other.Kind));

    private IEnumerable<Job> OrderedWith(SupervisedUnit unit)
    {
        var dependencies = unit.Definition.Dependencies;
        return dependencies.After.Concat(dependencies.Before).Concat(index.OrderedBy(unit.Name)).Select(JobOf).OfType<Job>();
    }

    /// <summary>A job is over or has become another one: what waited for it may go on.</summary>
    private void LookAgainAround(SupervisedUnit unit)
    {
        foreach (var other in OrderedWith(unit).Where(other => !other.IsRunning))
        {
            _toBegin.Enqueue(other);
        }
    }

    private void Become(Job job, JobKind kind)
    {
        SetRunning(job, false);
        (job.Kind, job.IsWithoutWork) = (kind, false);
        _toBegin.Enqueue(job);
        LookAgainAround(job.Unit);
    }

    private void SetRunning(Job job, bool isRunning)
    {
        _running += (isRunning ? 1 : 0) - (job.IsRunning ? 1 : 0);
        job.IsRunning = isRunning;
        if (isRunning)
        {
            // It may be there already, without any change to hear of.
            _toEnd.Enqueue(job);
        }
    }

    /// <summary>False where the unit cannot take the job yet.</summary>
    private bool TryBegin(Job job)
    {
        bool wasRunning = job.Unit.State.ActiveState == "active";
        bool wasIdle = job.Unit.IsIdle;
        job.IsWithoutWork = job.Kind == JobKind.Start ? job.Unit.IsActive : job.Kind is JobKind.Stop or JobKind.Restart && wasIdle;
        switch (job.Kind)
        {
            case JobKind.Stop:
                job.Unit.IsStopAsked = true;
                job.Unit.Stop(isRestart: false);
                break;
            case JobKind.Restart when job.Unit.IsIdle:
                Become(job, JobKind.Start);
                return true;
            case JobKind.Restart:
                job.Unit.IsStopAsked = true;
                job.Unit.Stop(isRestart: true);
                break;
            case JobKind.Reload when !job.Unit.CanReload:
                End(job, JobResult.Invalid);
                return true;
            case JobKind.Reload when !job.Unit.IsActive:
                report(job.Unit, $"{job.Unit.Name}: Unit cannot be reloaded because it is inactive.", Priorities.Warning);
                End(job, JobResult.Invalid);
                return true;
            case JobKind.Reload:
                job.Unit.Reload();
                break;
            case JobKind.VerifyActive when !job.Unit.IsActive && !job.Unit.IsIdle:
                return false;
            case JobKind.VerifyActive:
                End(job, job.Unit.IsActive ? JobResult.Done : JobResult.Failed);
                return true;
            case JobKind.Start:
                switch (job.Unit.TryStart())
                {
                    case StartOutcome.NotYet:
                        return false;
                    case StartOutcome.Skipped:
                        report(job.Unit, JobMessages.Skipped(job.Unit.Definition, job.Unit.UnmetCondition!), Priorities.Information);
                        job.IsWithoutWork = true;
                        End(job, JobResult.Done);
                        return true;
                    case StartOutcome.AssertFailed:
                        report(job.Unit, $"{job.Unit.Name}: Starting requested but asserts failed.", Priorities.Notice);
                        End(job, JobResult.Assert);
                        return true;
                    case StartOutcome.Refused:
                        End(job, JobResult.Failed);
                        return true;
                    case StartOutcome.DependencyMissing:
                        End(job, JobResult.Dependency);
                        return true;
                    case StartOutcome.Unsupported:
                        End(job, JobResult.Unsupported);
                        return true;
                }

                break;
        }

        SetRunning(job, true);

        // Of what is under way by itself, or over already, the end is enough.
        if ((job.Kind == JobKind.Start ? wasIdle && !job.Unit.IsActive : wasRunning) && (!job.Unit.IsIdle || job.Unit.StartedWhileDown is null)
            && JobMessages.Begun(job.Unit.Definition, job.Kind) is { } begun)
        {
            report(job.Unit, begun, Priorities.Information);
        }

        return true;
    }

    private bool TryEnd(Job job)
    {
        if (!job.IsRunning)
        {
            return false;
        }

        if (job.Kind == JobKind.Restart && job.Unit.IsIdle)
        {
            // The second half waits for its turn like any start.
            ReportEnd(job, JobResult.Done);
            Become(job, JobKind.Start);
            return true;
        }

        if (OutcomeOf(job) is not { } result)
        {
            return false;
        }

        End(job, result);
        return true;
    }

    private static JobResult? OutcomeOf(Job job) => (job.Kind, job.Unit.State.ActiveState) switch
    {
        (JobKind.Stop, "inactive" or "failed") => JobResult.Done,
        // A file system that is busy stays mounted.
        (JobKind.Stop or JobKind.Restart, "active") => JobResult.Failed,
        (JobKind.Start, "active" or "reloading") => JobResult.Done,
        (JobKind.Start, "inactive") => job.Unit.StartedWhileDown,
        (JobKind.Start, "failed") => JobResult.Failed,
        // A start that failed and will be tried again by itself has failed all the same.
        (JobKind.Start, _) when job.Unit.IsWaitingToRestart => JobResult.Failed,
        (JobKind.Reload, "reloading" or "activating") => null,
        (JobKind.Reload, "active") => job.Unit.HasReloadFailed ? JobResult.Failed : JobResult.Done,
        (JobKind.Reload, _) => JobResult.Failed,
        _ => null,
    };

    private void End(Job job, JobResult result)
    {
        SetRunning(job, false);
        if (IsCurrent(job))
        {
            _jobs.Remove(job.Unit.Name);
            LookAgainAround(job.Unit);
            onEnded(job.Unit);
        }

        if (result is JobResult.Timeout)
        {
            report(job.Unit, $"{job.Unit.Name}: Job {job.Unit.Name}/{Transaction.NameOf(job.Kind)} timed out.", Priorities.Warning);
        }

        ReportEnd(job, result);
        job.Complete(result);
        if (result is JobResult.Dependency or JobResult.Timeout)
        {
            string name = result is JobResult.Timeout ? "timeout" : "dependency";
            report(job.Unit, $"{job.Unit.Name}: Job {job.Unit.Name}/{Transaction.NameOf(job.Kind)} failed with result '{name}'.", Priorities.Notice);
            onDependencyFailed(job.Unit);
        }

        if (job.Kind is JobKind.Start or JobKind.VerifyActive && result is not (JobResult.Done or JobResult.Canceled))
        {
            FailDependents(job.Unit.Name);
        }
    }

    private void ReportEnd(Job job, JobResult result)
    {
        if (job.Kind == JobKind.Start && job.Unit.Result == ServiceResult.ExecCondition && result == JobResult.Done)
        {
            report(job.Unit, $"Condition check resulted in {job.Unit.Definition.Title} being skipped.", Priorities.Information);
        }
        else if (!job.IsWithoutWork && JobMessages.Ended(job.Unit.Definition, job.Kind, result) is var (text, priority))
        {
            report(job.Unit, text, priority);
        }
    }

    /// <summary>Who needs the failed one is not started either ("dependency").</summary>
    private void FailDependents(string failed)
    {
        foreach (var dependent in index.ReferringTo(failed).Select(JobOf).OfType<Job>().ToArray())
        {
            var dependencies = dependent.Unit.Definition.Dependencies;
            if (IsCurrent(dependent) && dependent.Kind is JobKind.Start or JobKind.VerifyActive
                && dependencies.Needed.Concat(dependencies.Requisite).Contains(failed))
            {
                End(dependent, JobResult.Dependency);
            }
        }
    }
}
