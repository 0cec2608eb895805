using Coreutil.Supervisor.Machine;
using Coreutil.Units;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>What became of the attempt to start a unit.</summary>
public enum StartOutcome
{
    Started,

    /// <summary>It is on its way down, or waits for its own restart.</summary>
    NotYet,

    /// <summary>A condition is not met: nothing happened, and that is no failure.</summary>
    Skipped,
    AssertFailed,
    Refused,

    /// <summary>A unit it is bound to is not active.</summary>
    DependencyMissing,

    /// <summary>Units of this kind cannot come up on this host.</summary>
    Unsupported,
}

/// <summary>A unit the supervisor holds, of whatever type. Lives on the supervisor's loop.</summary>
public abstract class SupervisedUnit(UnitDefinition definition)
{
    private readonly StartLimit _limit = new();

    public UnitDefinition Definition { get; private set; } = definition;

    public string Name => Definition.Name;

    public abstract UnitState State { get; }

    /// <summary>States passed since they were last taken, for those who follow every step.</summary>
    public Queue<UnitState> Passages { get; } = new();

    public abstract DateTimeOffset ChangedAt { get; }

    public virtual ServiceResult Result => ServiceResult.Success;

    public bool IsActive => State.ActiveState is "active" or "reloading";

    /// <summary>Neither up nor on its way: inactive or failed, and not waiting for a restart.</summary>
    public bool IsIdle => State.ActiveState is "inactive" or "failed";

    public virtual bool HasLeftOvers => false;

    public virtual bool IsWaitingToRestart => false;

    public virtual bool CanReload => false;

    public virtual bool HasReloadFailed => false;

    /// <summary>It was neither started here nor will be stopped here.</summary>
    public virtual bool BelongsToHost => false;

    public virtual bool IsSupported => true;

    /// <summary>How a start is over where the unit is down after it; null where it is awaited still.</summary>
    public virtual JobResult? StartedWhileDown => JobResult.Done;

    /// <summary>Its last start was refused because it was tried too often.</summary>
    public bool IsStartLimitHit { get; private set; }

    /// <summary>How often that happened: each time is news to those who wait for it, even where its state stays what it was.</summary>
    public int Refusals { get; private set; }

    /// <summary>When it last left the inactive states, and when it last came back to them; kept by the supervisor.</summary>
    public DateTimeOffset? LastActive { get; private set; }

    public DateTimeOffset? LastInactive { get; private set; }

    public UnitTimes Times { get; private set; } = new();

    /// <summary>Null before any start that looked at them.</summary>
    public bool? ConditionResult { get; private set; }

    public bool? AssertResult { get; private set; }

    /// <summary>Why its last start was skipped.</summary>
    public UnitCondition? UnmetCondition { get; private set; }

    /// <summary>Its last end started others (OnFailure=, OnSuccess=).</summary>
    public bool HasStartedOthers { get; set; }

    /// <summary>A job has asked it to stop, since it was last started: where it goes down, nobody has to follow who is not asked as well.</summary>
    public bool IsStopAsked { get; set; }

    /// <summary>Whether the units it is bound to are there; asked before each start.</summary>
    public Func<SupervisedUnit, bool> HasItsBindings { get; set; } = _ => true;

    /// <summary>Hears of everything after which the unit may be seen in another state.</summary>
    public Action<SupervisedUnit> Touched { get; set; } = _ => { };

    /// <summary>The file changed on disk and was read again; a running unit keeps going and follows the new file from its next start on.</summary>
    public virtual void Redefine(UnitDefinition definition)
    {
        // One that has become none (masked, or no file that can be read) goes on by what it had.
        Definition = definition with
        {
            Timer = definition.Timer ?? Definition.Timer,
            PathWatch = definition.PathWatch ?? Definition.PathWatch,
            Socket = definition.Socket ?? Definition.Socket,
            Automount = definition.Automount ?? Definition.Automount,
            Mount = definition.Mount ?? Definition.Mount,
        };
        Touched(this);
    }

    public StartOutcome TryStart()
    {
        switch (State.ActiveState)
        {
            case "active" or "reloading":
                return StartOutcome.Started;
            case "deactivating":
                return StartOutcome.NotYet;
            case "activating":
                return IsWaitingToRestart ? StartOutcome.NotYet : StartOutcome.Started;
        }

        if (!IsSupported)
        {
            return StartOutcome.Unsupported;
        }

        if (!_limit.TryTake(Definition.StartLimitBurst, Definition.StartLimitInterval, Now))
        {
            IsStartLimitHit = true;
            Refusals++;
            Touched(this);
            RefuseStart();
            return StartOutcome.Refused;
        }

        ClearStartLimit();
        UnmetCondition = UnitConditions.FirstUnmet(Definition.Conditions);
        ConditionResult = UnmetCondition is null;
        Times = Times with { Condition = Moment.At(Now) };
        if (ConditionResult == false)
        {
            return StartOutcome.Skipped;
        }

        AssertResult = UnitConditions.FirstUnmet(Definition.Asserts) is null;
        Times = Times with { Assert = Moment.At(Now) };
        if (AssertResult == false)
        {
            return StartOutcome.AssertFailed;
        }

        if (!MayActivate())
        {
            return StartOutcome.Refused;
        }

        if (!HasItsBindings(this))
        {
            return StartOutcome.DependencyMissing;
        }

        IsStopAsked = false;
        Activate();
        return StartOutcome.Started;
    }

    public abstract void Stop(bool isRestart);

    public virtual void Reload()
    {
    }

    public virtual void ResetFailed()
    {
        _limit.Reset();
        ClearStartLimit();
    }

    public void NoteChange(bool wasIdle)
    {
        if (wasIdle != IsIdle)
        {
            LastActive = IsIdle ? LastActive : Now;
            LastInactive = IsIdle ? Now : LastInactive;
        }
    }

    /// <summary>It is down and nothing refers to it: what it remembers of its last run is dropped, as systemd drops such a unit from memory.</summary>
    public virtual void Collect()
    {
        _limit.Reset();
        (ConditionResult, AssertResult, Times) = (null, null, new());
    }

    /// <summary>What the next supervisor must know besides the file.</summary>
    public virtual UnitMemory Remember() => new()
    {
        Name = Name,
        IsActive = IsActive,
        LastActive = LastActive,
        LastInactive = LastInactive,
        Times = Times,
        ConditionResult = ConditionResult,
        AssertResult = AssertResult,
        IsStartLimitHit = IsStartLimitHit,
        StartLimitBegin = _limit.Begin,
        StartLimitCount = _limit.Count,
    };

    /// <summary>The unit is taken up where another supervisor, or this one before it became another, left it.</summary>
    public virtual void Recall(UnitMemory memory)
    {
        (LastActive, LastInactive, Times) = (memory.LastActive, memory.LastInactive, memory.Times ?? new());
        (ConditionResult, AssertResult, IsStartLimitHit) = (memory.ConditionResult, memory.AssertResult, memory.IsStartLimitHit);
        _limit.Recall(memory.StartLimitBegin, memory.StartLimitCount);
        Touched(this);
    }

    /// <summary>The unit is unloaded for good.</summary>
    public virtual void Forget()
    {
    }

    protected void NotePassage(UnitState state)
    {
        Times = Times.Enter(state.ActiveState, Moment.At(Now));
        Passages.Enqueue(state);
        Touched(this);
    }

    protected abstract DateTimeOffset Now { get; }

    protected abstract void Activate();

    /// <summary>False where it cannot be started as things are; its state stays what it is.</summary>
    protected virtual bool MayActivate() => true;

    /// <summary>It was started too often in too short a time.</summary>
    protected virtual void RefuseStart()
    {
    }

    private void ClearStartLimit()
    {
        if (IsStartLimitHit)
        {
            IsStartLimitHit = false;
            Touched(this);
        }
    }
}

/// <summary>A unit that has no work of its own: a target or a slice.</summary>
public sealed class PassiveUnit(UnitDefinition definition, TimeProvider time, bool isActive = false) : SupervisedUnit(definition)
{
    private bool _isActive = isActive;
    private DateTimeOffset _changedAt = time.GetUtcNow();

    public override UnitState State => Definition.LoadError is not null && !_isActive
        ? new(Definition.LoadState, "inactive", "dead")
        : new("loaded", _isActive ? "active" : "inactive", _isActive ? "active" : "dead");

    public override DateTimeOffset ChangedAt => _changedAt;

    public override void Stop(bool isRestart) => Set(false);

    public override void Recall(UnitMemory memory)
    {
        base.Recall(memory);
        _isActive = memory.IsActive;
    }

    protected override DateTimeOffset Now => time.GetUtcNow();

    protected override void Activate() => Set(true);

    private void Set(bool isActive)
    {
        if (_isActive != isActive)
        {
            (_isActive, _changedAt) = (isActive, Now);
            NotePassage(State);
        }
    }
}

/// <summary>
/// Stands where the seeds' unit files name a service of the host: active while a probe answers. A target of the host has a probe that always does.
/// </summary>
public sealed class StandInUnit(UnitDefinition definition, TimeProvider time) : SupervisedUnit(definition)
{
    private bool? _answers;
    private DateTimeOffset _changedAt = time.GetUtcNow();

    public override UnitState State => new(
        "loaded",
        _answers switch
        {
            null => "activating",
            true => "active",
            false => "inactive",
        },
        _answers switch
        {
            null => "start",
            true => UnitName.Suffix(Name) switch
            {
                "target" => "active",
                _ => "running",
            },
            false => "dead",
        });

    public override DateTimeOffset ChangedAt => _changedAt;

    public override bool BelongsToHost => true;

    public void Observe(bool answers)
    {
        if (answers != _answers)
        {
            (_answers, _changedAt) = (answers, Now);
            NotePassage(State);
        }
    }

    public override void Stop(bool isRestart)
    {
    }

    public override void Recall(UnitMemory memory)
    {
        base.Recall(memory);
        Observe(memory.IsActive);
    }

    protected override DateTimeOffset Now => time.GetUtcNow();

    protected override void Activate()
    {
        // It belongs to the host: only its probe moves it.
    }
}
