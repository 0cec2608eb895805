using Coreutil.Supervisor.Machine;

namespace Coreutil.Supervisor.Units;

/// <summary>How a job ended, in systemd's words.</summary>
public enum JobResult
{
    Done,
    Failed,
    Dependency,
    Canceled,
}

/// <summary>One waiting or running job of a unit; a unit has at most one.</summary>
public sealed class Job(SupervisedUnit unit, JobKind kind)
{
    private readonly TaskCompletionSource<JobResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SupervisedUnit Unit => unit;

    public JobKind Kind => kind;

    public bool IsRunning { get; set; }

    public Task<JobResult> Completion => _completion.Task;

    public void Complete(JobResult result) => _completion.TrySetResult(result);
}

/// <summary>Carries out the jobs of transactions in the order of After= and Before=. Lives on the supervisor's loop.</summary>
public sealed class JobQueue
{
    private readonly Dictionary<string, Job> _jobs = new(StringComparer.Ordinal);

    public bool IsEmpty => _jobs.Count == 0;

    public bool HasJob(string unit) => _jobs.ContainsKey(unit);

    /// <summary>Adds a job; one of the other kind that the unit still has is cancelled (mode replace), one of the same kind is shared.</summary>
    public Job Add(SupervisedUnit unit, JobKind kind)
    {
        if (_jobs.TryGetValue(unit.Name, out var present))
        {
            if (present.Kind == kind)
            {
                return present;
            }

            present.Complete(JobResult.Canceled);
        }

        var job = new Job(unit, kind);
        _jobs[unit.Name] = job;
        return job;
    }

    /// <summary>Ends jobs whose unit has arrived and begins those that nothing holds back, until nothing moves.</summary>
    public void Advance()
    {
        bool hasMoved = true;
        while (hasMoved)
        {
            hasMoved = false;
            foreach (var job in _jobs.Values.ToArray())
            {
                if (!job.IsRunning && !_jobs.Values.Any(other => other != job && IsHeldBackBy(job, other)))
                {
                    job.IsRunning = true;
                    hasMoved = true;
                    if (job.Kind == JobKind.Start)
                    {
                        job.Unit.Start();
                    }
                    else
                    {
                        job.Unit.Stop();
                    }
                }

                if (job.IsRunning && OutcomeOf(job) is { } result)
                {
                    Remove(job, result);
                    hasMoved = true;
                }
            }
        }
    }

    private static bool IsHeldBackBy(Job job, Job other) => Transaction.Waits(
        job.Unit.Name, job.Unit.Definition.Dependencies, job.Kind, other.Unit.Name, other.Unit.Definition.Dependencies, other.Kind);

    private static JobResult? OutcomeOf(Job job) => (job.Kind, job.Unit.State.ActiveState) switch
    {
        (JobKind.Stop, "inactive" or "failed") => JobResult.Done,
        (JobKind.Stop, _) => null,
        (_, "active") => JobResult.Done,
        // A oneshot that ran well is inactive again; a stand-in whose probe fails is inactive and was never up.
        (_, "inactive") when job.Unit is ServiceUnit && job.Unit.Result == ServiceResult.Success => JobResult.Done,
        (_, "inactive" or "failed") => JobResult.Failed,
        _ => null,
    };

    private void Remove(Job job, JobResult result)
    {
        if (_jobs.TryGetValue(job.Unit.Name, out var present) && present == job)
        {
            _jobs.Remove(job.Unit.Name);
        }

        job.Complete(result);
        if (job.Kind == JobKind.Start && result != JobResult.Done)
        {
            FailDependents(job.Unit.Name);
        }
    }

    /// <summary>A unit that requires the failed one and is ordered after it is not started ("dependency").</summary>
    private void FailDependents(string failed)
    {
        foreach (var dependent in _jobs.Values.ToArray())
        {
            var dependencies = dependent.Unit.Definition.Dependencies;
            if (dependent is { Kind: JobKind.Start, IsRunning: false } && (dependencies.Requires.Contains(failed) || dependencies.BindsTo.Contains(failed)))
            {
                Remove(dependent, JobResult.Dependency);
            }
        }
    }
}
