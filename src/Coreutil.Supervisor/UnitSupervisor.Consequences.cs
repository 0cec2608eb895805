using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Units;

namespace Coreutil.Supervisor;

/// <summary>What follows from a unit's change, after each step of the loop.</summary>
public sealed partial class UnitSupervisor
{
    private void Settle()
    {
        bool isChanged = false;
        for (bool hasMoved = true; hasMoved;)
        {
            // A job ends before anybody hears of the state that ended it, and the next one begins after all have heard.
            hasMoved = _jobs.TryEndAny();
            while (NoteChanges())
            {
                isChanged = true;
            }

            hasMoved |= _jobs.TryBeginOne();
        }

        if (isChanged)
        {
            Collect();
            Generation++;
            _changed.TrySetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private bool NoteChanges()
    {
        bool isAny = false;
        foreach (var unit in _units.Values.ToArray())
        {
            isAny |= TryNoteChange(unit);
        }

        return isAny;
    }

    private bool TryNoteChange(SupervisedUnit unit)
    {
        var state = unit.State;
        bool isKnown = _lastStates.TryGetValue(unit.Name, out var before);
        if (unit.Passages.Count == 0 && (!isKnown || before.State != state))
        {
            unit.Passages.Enqueue(state);
        }

        bool hasPassed = unit.Passages.Count > 0;
        while (unit.Passages.TryDequeue(out var passed))
        {
            foreach (var monitor in _monitors)
            {
                monitor.TryWrite(new UnitRow(unit.Name, passed.LoadState, passed.ActiveState, passed.SubState, unit.Definition.Description));
            }
        }

        if (isKnown && before.State == state && before.IsLimitHit == unit.IsStartLimitHit && !hasPassed)
        {
            return false;
        }

        _lastStates[unit.Name] = (state, unit.IsIdle, unit.IsStartLimitHit);
        unit.NoteChange(wasIdle: !isKnown || before.IsIdle);

        foreach (var trigger in _units.Values.OfType<TriggerUnit>().Where(trigger => isKnown && trigger.Definition.Dependencies.Triggers.Contains(unit.Name)).ToArray())
        {
            trigger.OnTriggeredChanged(unit);
        }

        if (isKnown && unit.IsIdle)
        {
            OnBecameIdle(unit);
        }

        // Its process has the connection by now, or never will.
        if (unit is ServiceUnit { MainPid: not null } || (isKnown && unit.IsIdle))
        {
            foreach (var socket in _units.Values.OfType<SocketUnit>())
            {
                socket.ReleaseConnection(unit.Name);
            }
        }

        return true;
    }

    /// <summary>Bound units follow a unit that is down (not one that waits for its restart); its end may start others, and leave some unneeded.</summary>
    private void OnBecameIdle(SupervisedUnit unit)
    {
        foreach (string bound in Transaction.BoundTo(unit.Name, Describe, _units.Keys).Where(bound => _jobs.JobOf(bound) is null).ToArray())
        {
            Enqueue(bound, JobKind.Stop);
        }

        StartAll(unit.State.ActiveState == "failed" ? unit.Definition.Dependencies.OnFailure
            : unit.Result == ServiceResult.Success ? unit.Definition.Dependencies.OnSuccess : []);
        foreach (var needed in _units.Values.Where(needed => needed is { IsActive: true, Definition.IsStoppedWhenUnneeded: true } && _jobs.JobOf(needed.Name) is null).ToArray())
        {
            bool isNeeded = _units.Values.Any(other => !other.IsIdle && other.Definition.Dependencies.Needed
                .Concat(other.Definition.Dependencies.Wants).Concat(other.Definition.Dependencies.Requisite).Contains(needed.Name));
            if (!isNeeded)
            {
                Enqueue(needed.Name, JobKind.Stop);
            }
        }
    }

    private void StartAll(IEnumerable<string> names)
    {
        foreach (string name in names.ToArray())
        {
            Enqueue(name, JobKind.Start);
        }
    }

    /// <summary>An inactive unit that no other one refers to is forgotten, with how it ended: systemd drops such units from memory.</summary>
    private void Collect()
    {
        var kept = new HashSet<string>(_units.Values.Where(unit => unit.State.ActiveState != "inactive" || unit.HasLeftOvers || _jobs.JobOf(unit.Name) is not null).Select(unit => unit.Name), StringComparer.Ordinal);
        var pending = new Queue<string>(kept);
        while (pending.TryDequeue(out string? name))
        {
            foreach (string other in _units[name].Definition.Dependencies.Referred.Where(other => _units.ContainsKey(other) && kept.Add(other)))
            {
                pending.Enqueue(other);
            }
        }

        // What started another one when it ended is remembered as long as that one.
        foreach (var unit in _units.Values.Where(unit => !kept.Contains(unit.Name)
            && !unit.Definition.Dependencies.OnFailure.Concat(unit.Definition.Dependencies.OnSuccess).Any(kept.Contains)))
        {
            unit.Collect();
        }
    }
}
