using Coreutil.Supervisor.Machine;
using Coreutil.Units;

namespace Coreutil.Supervisor.Units;

/// <summary>A unit the supervisor holds: a service, or something that is simply there (a target, a stand-in for a host's service).</summary>
public abstract class SupervisedUnit(UnitDefinition definition)
{
    public UnitDefinition Definition { get; private set; } = definition;

    public string Name => Definition.Name;

    /// <summary>The file changed on disk and was read again; a running service keeps going and follows the new file from its next start on.</summary>
    public virtual void Redefine(UnitDefinition definition) => Definition = definition;

    public abstract UnitState State { get; }

    public abstract DateTimeOffset ChangedAt { get; }

    public virtual ServiceResult Result => ServiceResult.Success;

    public bool IsActive => State.ActiveState is "active" or "reloading";

    /// <summary>Neither up nor on its way: inactive or failed, and not waiting for a restart.</summary>
    public bool IsIdle => State.ActiveState is "inactive" or "failed";

    public abstract void Start();

    public abstract void Stop();

    public virtual void ResetFailed()
    {
    }
}

/// <summary>
/// Stands where the seeds' unit files name a service of the host: active while a probe answers. A target of the host has a probe that always does.
/// </summary>
public sealed class StandInUnit(UnitDefinition definition, DateTimeOffset since) : SupervisedUnit(definition)
{
    private bool? _answers;
    private DateTimeOffset _changedAt = since;

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
            true => Name.EndsWith(".target", StringComparison.Ordinal) ? "active" : "running",
            false => "dead",
        });

    public override DateTimeOffset ChangedAt => _changedAt;

    public void Observe(bool answers, DateTimeOffset now)
    {
        _changedAt = answers == _answers ? _changedAt : now;
        _answers = answers;
    }

    public override void Start()
    {
        // It belongs to the host: only its probe moves it.
    }

    public override void Stop()
    {
    }
}
