using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Units;

namespace Coreutil.Supervisor;

/// <summary>From one supervisor to the next: by becoming it, or by the files that a killed one left.</summary>
public sealed partial class UnitSupervisor
{
    private string RuntimeDirectory => Path.Combine(_options.StateDirectory, "run");

    /// <summary>There once the units of this boot were started: a unitd that was killed does not start again what was stopped by hand since.</summary>
    private string BootedFile => Path.Combine(RuntimeDirectory, "booted");

    /// <summary>Called on the loop. Stops everything that could happen meanwhile, and becomes the program; returns what kept it from that.</summary>
    /// <param name="execute">Adds descriptors of the server's and executes; returns only when that failed.</param>
    public string Reexecute(Func<Handover, string> execute)
    {
        using var noProcess = _host.Children.Freeze();
        using var noMessage = _notify.Freeze();
        using var noOutput = _output.Freeze();
        while (_loop.TryTake(out var step))
        {
            step();
            Settle();
        }

        if (_host.Children.HasPendingReports)
        {
            return Busy;
        }

        return execute(new Handover
        {
            Units = [.. _units.Values.Select(unit => unit is ServiceUnit service ? service.RememberWithOutput() : unit.Remember())],
            Jobs = [.. _jobs.All.Select(job => new JobMemory(job.Unit.Name, job.Kind, job.IsRunning))],
            Generation = Generation,
            Startup = _triggers.Startup,
            Notify = _notify.Descriptor,
            Guard = _guard?.Descriptor ?? 0,
        });
    }

    /// <summary>Commands are between their start and their execution: it takes milliseconds.</summary>
    public const string Busy = "units are being started";

    private void Recover()
    {
        if (_handover is not null)
        {
            Recall(_handover.Units);
            foreach (var (unit, kind, isRunning) in _handover.Jobs.Where(job => Find(job.Unit) is not null))
            {
                _jobs.Recall(Find(unit)!, kind, isRunning);
            }

            Generation = _handover.Generation;
        }
        else
        {
            string[] files = Directory.GetFiles(RuntimeDirectory, "*.json");
            UnitMemory[] saved = [.. files.Select(file => new RuntimeFile(file, _boot).Read()).OfType<UnitMemory>()];
            Recall(saved);
            foreach (string file in files.Where(file => !saved.Any(unit => $"{unit.Name}.json" == Path.GetFileName(file))))
            {
                File.Delete(file);
            }

            foreach (string name in Loaded.Keys.Concat(files.Select(file => Path.GetFileNameWithoutExtension(file))).Distinct())
            {
                (Find(name) as ServiceUnit)?.KillLeftOvers();
            }
        }

        _guard?.DropTheRest();
        CheckMounts();
        _host.Children.Begin();
        foreach (var service in _units.Values.OfType<ServiceUnit>().ToArray())
        {
            service.CheckAdopted();
            service.CheckGroup();
        }

        Settle();
    }

    /// <summary>Where they stood is no news to anybody; what has changed since is.</summary>
    private void Recall(IEnumerable<UnitMemory> units)
    {
        foreach (var memory in units)
        {
            if (Find(memory.Name) is { } unit)
            {
                unit.Recall(memory);
                _lastStates[unit.Name] = (unit.State, unit.IsIdle, unit.Refusals);
            }
        }
    }

    private void StartEnabled()
    {
        bool isBooted = _handover is not null || (File.Exists(BootedFile) && File.ReadAllText(BootedFile) == _boot);
        if (!isBooted)
        {
            EnqueueAll(HostStandIns.Targets.SelectMany(target => _files.LinkedInto(target, "wants").Concat(_files.LinkedInto(target, "requires"))), JobKind.Start);
            try
            {
                File.WriteAllText(BootedFile, _boot);
            }
            catch (IOException failure)
            {
                _log($"cannot write {BootedFile}: {failure.Message}; the enabled units will be started again by the next unitd");
            }
        }
    }

    private void Save(SupervisedUnit unit)
    {
        if (unit.BelongsToHost)
        {
            return;
        }

        try
        {
            WriteState(unit);
            if (_unsaved.Remove(unit) && _unsaved.Count == 0)
            {
                _log("the states of all units are written again");
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            if (_unsaved.Count == 0)
            {
                _log($"cannot write the state of {unit.Name}: {failure.Message}; it goes on, but is lost track of should unitd be killed now: make room");
            }

            _unsaved.Add(unit);
            _saving.Arm(_time.GetUtcNow() + _savingPause);
        }
    }

    private void SaveAgain()
    {
        foreach (var unit in _unsaved.ToArray())
        {
            Save(unit);
        }
    }

    /// <summary>A unit that is down is remembered by nobody.</summary>
    private void WriteState(SupervisedUnit unit)
    {
        bool isUp = unit.State.ActiveState != "inactive";
        if (isUp && !_saved.ContainsKey(unit.Name))
        {
            _saved[unit.Name] = new RuntimeFile(Path.Combine(RuntimeDirectory, $"{unit.Name}.json"), _boot);
        }

        if (isUp)
        {
            _saved[unit.Name].Write(unit.Remember());
        }
        else if (_saved.Remove(unit.Name, out var file))
        {
            file.Delete();
        }
    }
}
