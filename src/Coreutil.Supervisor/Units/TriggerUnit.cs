using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;
using Coreutil.Units;

namespace Coreutil.Supervisor.Units;

/// <summary>What a unit that starts another one needs of the supervisor.</summary>
public sealed record TriggerHost
{
    public required TimeProvider Time { get; init; }

    /// <summary>When this supervisor began: what OnBootSec= and OnStartupSec= count from.</summary>
    public required DateTimeOffset Startup { get; init; }

    public required string StateDirectory { get; init; }

    public required UnitJournals Journals { get; init; }

    /// <summary>This supervisor is the same process as the one before it: descriptors are where they were.</summary>
    public bool IsReexecuted { get; init; }

    /// <summary>The guard, which keeps copies of sockets; null where there is none.</summary>
    public GuardLink? Guard { get; init; }

    /// <summary>Queues a step on the supervisor's loop.</summary>
    public required Action<Action> Post { get; init; }

    public required Func<string, SupervisedUnit?> Find { get; init; }

    /// <summary>A unit has a job still: what it passes through until then is not where it stays.</summary>
    public required Func<string, bool> HasJob { get; init; }

    /// <summary>Queues a start job; the reason why there is none, or null.</summary>
    public required Func<string, string?> Start { get; init; }

    /// <summary>The same for a stop job.</summary>
    public required Func<string, string?> Stop { get; init; }
}

/// <summary>A timer, path or socket: waits for something and then starts another unit.</summary>
public abstract class TriggerUnit(UnitDefinition definition, TriggerHost host) : SupervisedUnit(definition)
{
    private string _sub = "dead";
    private DateTimeOffset _changedAt = host.Startup;
    private ServiceResult _result;

    public override UnitState State => Definition.LoadError is not null && _sub == "dead"
        ? new(Definition.LoadState, "inactive", "dead")
        : new(Definition.LoadState, _sub switch
        {
            "dead" => "inactive",
            "failed" => "failed",
            _ => "active",
        }, _sub);

    public override DateTimeOffset ChangedAt => _changedAt;

    public override ServiceResult Result => _result;

    /// <summary>The unit that it starts changed its state.</summary>
    public abstract void OnTriggeredChanged(SupervisedUnit triggered);

    /// <summary>A job of the unit that it starts is over; the state may be as it was.</summary>
    public virtual void OnTriggeredJobEnded(SupervisedUnit triggered)
    {
    }

    public override void Redefine(UnitDefinition definition)
    {
        base.Redefine(definition);
        if (_sub == "waiting")
        {
            WaitAnew();
        }
    }

    public override void ResetFailed()
    {
        base.ResetFailed();
        if (_sub == "failed")
        {
            (_sub, _result) = ("dead", ServiceResult.Success);
            NotePassage(State);
        }
    }

    public override UnitMemory Remember() => base.Remember() with { Trigger = RememberMore(new() { Sub = _sub, Result = _result, ChangedAt = _changedAt }) };

    public override void Recall(UnitMemory memory)
    {
        base.Recall(memory);
        if (memory.Trigger is { } trigger && Definition.LoadError is null)
        {
            (_sub, _result, _changedAt) = (trigger.Sub, trigger.Result, trigger.ChangedAt);
            Resume(trigger);
        }
    }

    protected abstract TriggerMemory RememberMore(TriggerMemory memory);

    /// <summary>Waits again for what it waited for.</summary>
    protected abstract void Resume(TriggerMemory memory);

    /// <summary>The file was read again while it waits.</summary>
    protected virtual void WaitAnew()
    {
    }

    protected TriggerHost Host => host;

    protected override DateTimeOffset Now => host.Time.GetUtcNow();

    protected string Sub => _sub;

    protected void Enter(string sub, ServiceResult result = ServiceResult.Success)
    {
        bool wasActive = IsActive;
        _result = result;
        if (_sub != sub)
        {
            _sub = sub;
            if (!IsActive)
            {
                var (text, priority) = ServiceAction.Report.OfEnd(result);
                Report(text, priority);
            }

            NotePassage(State);
        }

        if (wasActive != IsActive)
        {
            _changedAt = Now;
        }
    }

    /// <summary>What it waited for has come: starts its unit, if that can be.</summary>
    protected void Start(string unit)
    {
        bool isStarted = host.Start(unit) is null;
        Enter(isStarted ? "running" : "failed", isStarted ? ServiceResult.Success : ServiceResult.Resources);
    }

    /// <summary>It was stopped; one that has failed stays so.</summary>
    protected void Leave()
    {
        if (IsActive)
        {
            Enter("dead");
        }
    }

    protected override bool MayActivate()
    {
        if (WhyNot() is not { } refusal)
        {
            return true;
        }

        Report(refusal, Priorities.Error);
        return false;
    }

    /// <summary>Why it cannot be started as things are, in systemd's words; null where it can.</summary>
    protected virtual string? WhyNot() => MissingTrigger is { } name ? $"Refusing to start, unit {name} to trigger not loaded." : null;

    /// <summary>What it would start is not there.</summary>
    protected string? MissingTrigger => Definition.Dependencies.Triggers.FirstOrDefault(name => host.Find(name) is not { Definition.LoadState: "loaded" });

    protected void Report(string text, int priority = Priorities.Information) => host.Journals.Report(Name, $"{Name}: {text}", priority);

    protected bool IsTriggeredIdle(string name) => host.Find(name) is not { IsIdle: false };
}
