using System.Collections.Immutable;
using Coreutil.Supervisor.Journal;
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
            isChanged |= NoteChanges();
            hasMoved |= _jobs.TryBeginOne();
        }

        if (_jobs.All.Count == 0)
        {
            _host.Idle.Open();
        }

        if (_toCollect.Count > 0)
        {
            Collect();
        }

        if (isChanged)
        {
            Generation++;
            _changed.TrySetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private bool NoteChanges()
    {
        bool isAny = false;
        while (_touched.TryDequeue(out var unit))
        {
            if (_units.GetValueOrDefault(unit.Name) == unit)
            {
                isAny |= TryNoteChange(unit);
                Save(unit);
            }
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
        bool hasLeft = false;
        while (unit.Passages.TryDequeue(out var passed))
        {
            hasLeft |= passed.ActiveState is "inactive" or "failed" or "deactivating";
            foreach (var monitor in _monitors)
            {
                monitor.TryWrite(new UnitRow(unit.Name, passed.LoadState, passed.ActiveState, passed.SubState, unit.Definition.Description));
            }
        }

        if (isKnown && before.State == state && before.Refusals == unit.Refusals && !hasPassed)
        {
            return false;
        }

        _lastStates[unit.Name] = (state, unit.IsIdle, unit.Refusals);
        unit.NoteChange(wasIdle: !isKnown || before.IsIdle);

        if (isKnown)
        {
            foreach (var trigger in TriggersOf(unit))
            {
                trigger.OnTriggeredChanged(unit);
            }
        }

        if (unit.IsActive)
        {
            StopIfUnneeded(unit);
        }

        // Nobody asked for it: those who live and die with the unit follow at once. When it will restart they do so with it, as with the systemd of fleet's days, or a
        // sidekick would be gone for good; 252 stops them here too.
        if (hasLeft && isKnown && !unit.IsStopAsked && !unit.IsWaitingToRestart && before.State.ActiveState is "active" or "activating" or "reloading")
        {
            EnqueueAll(Transaction.FollowingTheEndOf(unit.Name, Describe, _index), JobKind.Stop);
        }

        if (isKnown && unit.IsIdle)
        {
            OnBecameIdle(unit, wasFailed: before.State.ActiveState == "failed");
        }

        // Its process has the connection by now, or never will.
        if (unit is ServiceUnit { MainPid: not null } || (isKnown && unit.IsIdle))
        {
            foreach (var socket in _sockets)
            {
                socket.ReleaseConnection(unit.Name);
            }
        }

        return true;
    }

    private TriggerUnit[] TriggersOf(SupervisedUnit unit) => [.. _index.ReferringTo(unit.Name).Select(name => _units[name]).OfType<TriggerUnit>()
        .Where(trigger => trigger.Definition.Dependencies.Triggers.Contains(unit.Name))];

    private void OnJobEnded(SupervisedUnit unit)
    {
        _toCollect.Add(unit);
        foreach (var trigger in TriggersOf(unit))
        {
            trigger.OnTriggeredJobEnded(unit);
        }
    }

    /// <summary>Bound units follow a unit that is down (not one that waits for its restart); its end may start others, and leave some unneeded.</summary>
    private void OnBecameIdle(SupervisedUnit unit, bool wasFailed)
    {
        if (_jobs.JobOf(unit.Name) is null)
        {
            EnqueueAll(Transaction.BoundTo(unit.Name, Describe, _index).Where(bound => _jobs.JobOf(bound) is null), JobKind.Stop);
        }

        var outcomes = unit.State.ActiveState == "failed" ? unit.Definition.Dependencies.OnFailure : wasFailed ? [] : unit.Definition.Dependencies.OnSuccess;
        unit.HasStartedOthers = outcomes.Length > 0;
        StartOutcomes(unit, outcomes, unit.State.ActiveState == "failed" ? "OnFailure" : "OnSuccess");
        _toCollect.Add(unit);
        foreach (string needed in NeedsOf(unit))
        {
            if (_units.TryGetValue(needed, out var other) && other.IsActive)
            {
                StopIfUnneeded(other);
            }
        }
    }

    /// <summary>StopWhenUnneeded=: a unit is needed by who is up, on its way, or going to be.</summary>
    private void StopIfUnneeded(SupervisedUnit unit)
    {
        if (!unit.Definition.IsStoppedWhenUnneeded || _jobs.JobOf(unit.Name) is not null)
        {
            return;
        }

        bool isNeeded = _index.ReferringTo(unit.Name).Select(name => _units[name])
            .Any(other => (!other.IsIdle || _jobs.JobOf(other.Name) is not null) && NeedsOf(other).Contains(unit.Name));
        if (!isNeeded)
        {
            Enqueue(unit.Name, JobKind.Stop);
        }
    }

    private static IEnumerable<string> NeedsOf(SupervisedUnit unit) =>
        unit.Definition.Dependencies.Needed.Concat(unit.Definition.Dependencies.Wants).Concat(unit.Definition.Dependencies.Requisite);

    private ServiceUnit? MonitoredBy(ServiceUnit unit)
    {
        var naming = _index.ReferringTo(unit.Name).Select(name => _units[name]).Where(IsInMemory);
        SupervisedUnit[] candidates =
        [
            .. naming.Where(other => other.Definition.Dependencies.OnFailure.Contains(unit.Name)),
            .. naming.Where(other => other.Definition.Dependencies.OnSuccess.Contains(unit.Name)),
        ];
        if (candidates.Length > 1)
        {
            Report(unit, $"{unit.Name}: multiple trigger source candidates for exit status propagation ({candidates[0].Name}, {candidates[1].Name}), skipping.", Priorities.Warning);
        }

        return candidates is [ServiceUnit only] ? only : null;
    }

    private void StartOutcomes(SupervisedUnit unit, ImmutableArray<string> names, string setting)
    {
        if (names.Length > 0)
        {
            Report(unit, $"{unit.Name}: Triggering {setting}= dependencies.", Priorities.Information);
            EnqueueAll(names, JobKind.Start);
        }
    }

    private void EnqueueAll(IEnumerable<string> names, JobKind kind)
    {
        foreach (string name in names.ToArray())
        {
            Enqueue(name, kind);
        }
    }

    /// <summary>
    /// An inactive unit that no other one refers to is forgotten, with how it ended: systemd drops such units from memory. What may have become one since
    /// the last time is what ended, what that one kept, and what had started it when it ended.
    /// </summary>
    private void Collect()
    {
        var seen = new HashSet<SupervisedUnit>();
        var pending = new Queue<SupervisedUnit>(_toCollect);
        _toCollect.Clear();
        while (pending.TryDequeue(out var unit))
        {
            if (unit.State.ActiveState != "inactive" || !seen.Add(unit))
            {
                continue;
            }

            foreach (string other in unit.Definition.Dependencies.Referred.Concat(_index.ReferringTo(unit.Name).Where(starter => OutcomesOf(_units[starter]).Contains(unit.Name))))
            {
                if (_units.TryGetValue(other, out var loaded))
                {
                    pending.Enqueue(loaded);
                }
            }
        }

        // What started another one when it ended is remembered as long as that one is up.
        foreach (var unit in seen.Where(unit => !IsKept(unit) && !OutcomesOf(unit).Any(other => _units.TryGetValue(other, out var started) && !started.IsIdle)).ToArray())
        {
            unit.Collect();
            if (_sockets.Any(socket => socket.HasInstance(unit.Name)))
            {
                // Nobody will ask for it again: each connection has a number of its own.
                Drop(unit.Name);
            }
        }
    }

    private static IEnumerable<string> OutcomesOf(SupervisedUnit unit) =>
        unit.HasStartedOthers ? unit.Definition.Dependencies.OnFailure.Concat(unit.Definition.Dependencies.OnSuccess) : [];

    /// <summary>It is up, has a job or processes left, or somebody of whom that is true refers to it, over however many others.</summary>
    private bool IsKept(SupervisedUnit unit)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { unit.Name };
        var pending = new Queue<string>(seen);
        while (pending.TryDequeue(out string? name))
        {
            var holder = _units[name];
            if (holder.State.ActiveState != "inactive" || _jobs.JobOf(name) is not null || holder.HasLeftOvers)
            {
                return true;
            }

            foreach (string other in _index.ReferringTo(name).Where(seen.Add))
            {
                pending.Enqueue(other);
            }
        }

        return false;
    }
}
