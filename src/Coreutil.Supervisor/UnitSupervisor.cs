using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;
using Coreutil.Supervisor.Units;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor;

/// <summary>
/// Holds the units and the one loop on which all of them live: requests, exits, timers and probes are posted to it, so no unit needs a lock.
/// After each step jobs advance, bindings are followed and waiting clients are woken.
/// </summary>
public sealed class UnitSupervisor : IDisposable
{
    private static readonly TimeSpan _probePeriod = TimeSpan.FromSeconds(2);

    private readonly Channel<Action> _steps = Channel.CreateUnbounded<Action>(new() { SingleReader = true });
    private readonly Dictionary<string, SupervisedUnit> _units = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _lastStates = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, (ServiceUnit Unit, ProcessRole Role)> _processes = new();
    private readonly Channel<bool> _probeRequests = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly JobQueue _jobs = new();
    private readonly UnitdOptions _options;
    private readonly TimeProvider _time;
    private readonly UnitDefinitionLoader _loader;
    private readonly HostStandIns _standIns;
    private readonly ServiceHost _host;
    private readonly OutputPump _output = new();
    private readonly string? _controlGroupRoot;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public UnitSupervisor(
        UnitdOptions options, Spawner spawner, SpecifierContext specifiers, ImmutableArray<KeyValuePair<string, string>> baseEnvironment, TimeProvider time)
    {
        _options = options;
        _time = time;
        _loader = new UnitDefinitionLoader(specifiers);
        _standIns = new HostStandIns(options.EtcdEndpoint);
        foreach (string directory in (string[])[options.LoadedUnits, Path.Combine(options.StateDirectory, "run"), Path.Combine(options.StateDirectory, "journal")])
        {
            Directory.CreateDirectory(directory);
        }

        // One directory a supervisor, named by its state directory: two of them on a host never touch each other's processes.
        string identity = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(options.StateDirectory)))[..12];
        _controlGroupRoot = ControlGroupRoot.TryCreate($"unitd-{identity}");
        _host = new ServiceHost(
            new ChildWatch(spawner, OnProcessExited), _output, new UserDatabase(), time, baseEnvironment, options.StateDirectory, _controlGroupRoot,
            Post, (pid, unit, role) => _processes[pid] = (unit, role));
    }

    public long Generation { get; private set; }

    /// <summary>Runs the loop until <paramref name="cancel"/>; units keep running unless they were stopped before.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        Recover();
        Task probing = ProbeAsync(cancel);
        try
        {
            await foreach (var step in _steps.Reader.ReadAllAsync(cancel))
            {
                step();
                Settle();
            }
        }
        finally
        {
            await probing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Runs <paramref name="ask"/> on the loop and gives its answer.</summary>
    public Task<T> AskAsync<T>(Func<UnitSupervisor, T> ask)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                answer.SetResult(ask(this));
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                answer.SetException(failure);
            }
        });
        return answer.Task;
    }

    /// <summary>Completes at the next change of any unit's state after <paramref name="generation"/>.</summary>
    public async Task<long> WaitForChangeAsync(long generation, CancellationToken cancel)
    {
        for (; ; )
        {
            var (current, changed) = await AskAsync(supervisor => (supervisor.Generation, supervisor._changed.Task));
            if (current > generation)
            {
                return current;
            }

            await changed.WaitAsync(cancel);
        }
    }

    // ---- called on the loop, through AskAsync -----------------------------------------------------------------------

    public ImmutableArray<SupervisedUnit> All => [.. _units.Values.OrderBy(unit => unit.Name, StringComparer.Ordinal)];

    /// <summary>The unit, loaded from its file if need be; null when there is none.</summary>
    public SupervisedUnit? Find(string name)
    {
        if (_units.TryGetValue(name, out var present))
        {
            return present;
        }

        if (ReadDefinition(name) is { } definition)
        {
            return _units[name] = UnitName.Suffix(name) == "target" ? AlwaysThere(definition) : new ServiceUnit(definition, _host);
        }

        if (!_standIns.Knows(name))
        {
            return null;
        }

        _probeRequests.Writer.TryWrite(true);
        return _units[name] = new StandInUnit(new UnitDefinition { Name = name, Description = name }, _time.GetUtcNow());
    }

    /// <summary>Queues a start and all it pulls in; the job, or why there is none.</summary>
    public (Job? Job, string? Refusal) Start(string name)
    {
        if (Find(name)?.Definition.LoadError is { } error)
        {
            return (null, $"Unit {name} has a bad unit file setting: {error}");
        }

        switch (Transaction.PlanStart(name, Describe, _units.Keys))
        {
            case TransactionResult.Refused refused:
                return (null, refused.Reason);
            case TransactionResult.Planned planned:
                Enqueue(planned.Jobs);
                return (_jobs.Add(_units[name], JobKind.Start), null);
            default:
                throw new InvalidOperationException("unknown result");
        }
    }

    public Job? Stop(string name)
    {
        if (Find(name) is not { } unit)
        {
            return null;
        }

        Enqueue(Transaction.PlanStop(name, Describe, _units.Keys));
        return _jobs.Add(unit, JobKind.Stop);
    }

    /// <summary>Stops everything, in order; completes when nothing runs.</summary>
    public Task StopAll()
    {
        Job[] jobs = [.. All.OfType<ServiceUnit>().Where(unit => !unit.IsIdle).Select(unit => _jobs.Add(unit, JobKind.Stop))];
        return Task.WhenAll(jobs.Select(job => job.Completion));
    }

    /// <summary>Keeps a unit's text for this supervisor; a running unit goes on with the old one.</summary>
    public void Load(string name, string text)
    {
        File.WriteAllText(Path.Combine(_options.LoadedUnits, name), text);
        Reread(name);
    }

    /// <summary>Forgets a unit that was loaded. It must be idle.</summary>
    public void Unload(string name)
    {
        if (_units.Remove(name, out var unit) && unit is ServiceUnit service)
        {
            service.Forget();
        }

        File.Delete(Path.Combine(_options.LoadedUnits, name));
    }

    /// <summary>Names and texts of what was loaded here.</summary>
    public ImmutableDictionary<string, string> Loaded => Directory.EnumerateFiles(_options.LoadedUnits)
        .ToImmutableDictionary(path => Path.GetFileName(path), File.ReadAllText, StringComparer.Ordinal);

    public void ReloadAll()
    {
        foreach (string name in _units.Keys.ToArray())
        {
            Reread(name);
        }
    }

    public void Dispose()
    {
        _output.Dispose();
        try
        {
            if (_controlGroupRoot is not null)
            {
                Directory.Delete(_controlGroupRoot);
            }
        }
        catch (IOException)
        {
            // Units were left running in it.
        }
    }

    private void Post(Action step) => _steps.Writer.TryWrite(step);

    private void OnProcessExited(int pid, ProcessExit exit) => Post(() =>
    {
        if (_processes.TryRemove(pid, out var owner))
        {
            owner.Unit.OnExited(owner.Role, exit);
            return;
        }

        foreach (var service in _units.Values.OfType<ServiceUnit>())
        {
            service.CheckGroup();
        }
    });

    private void Recover()
    {
        foreach (string name in Loaded.Keys.Concat(SavedNames()).Distinct())
        {
            (Find(name) as ServiceUnit)?.Recover();
        }

        Settle();
        IEnumerable<string> SavedNames() => Directory.EnumerateFiles(Path.Combine(_options.StateDirectory, "run"), "*.json").Select(path => Path.GetFileNameWithoutExtension(path));
    }

    /// <summary>Stand-ins and adopted processes tell nothing by themselves: both are asked every two seconds.</summary>
    private async Task ProbeAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            string[] names = await AskAsync(supervisor => supervisor._units.Values.OfType<StandInUnit>().Select(unit => unit.Name).ToArray()).WaitAsync(cancel);
            foreach (string name in names)
            {
                bool answers = await _standIns.ProbeAsync(name, cancel);
                Post(() => (_units.GetValueOrDefault(name) as StandInUnit)?.Observe(answers, _time.GetUtcNow()));
            }

            Post(() =>
            {
                foreach (var service in _units.Values.OfType<ServiceUnit>().ToArray())
                {
                    service.CheckAdopted(_processes.ContainsKey);
                }
            });
            await Task.WhenAny(Task.Delay(_probePeriod, _time, cancel), _probeRequests.Reader.WaitToReadAsync(cancel).AsTask());
            _probeRequests.Reader.TryRead(out _);
        }
    }

    private void Settle()
    {
        _jobs.Advance();
        bool isChanged = false;
        foreach (var unit in _units.Values.ToArray())
        {
            string state = $"{unit.State.LoadState} {unit.State.ActiveState} {unit.State.SubState}";
            string? before = _lastStates.GetValueOrDefault(unit.Name);
            if (state == before)
            {
                continue;
            }

            isChanged = true;
            _lastStates[unit.Name] = state;
            if (before is not null && unit.IsIdle)
            {
                OnBecameIdle(unit);
            }
        }

        if (isChanged)
        {
            Generation++;
            _changed.TrySetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _jobs.Advance();
        }
    }

    /// <summary>Bound units follow a unit that is down (not one that waits for its restart); a failed one starts its OnFailure= units.</summary>
    private void OnBecameIdle(SupervisedUnit unit)
    {
        foreach (string bound in Transaction.BoundTo(unit.Name, Describe, _units.Keys).Where(bound => !_jobs.HasJob(bound)).ToArray())
        {
            Stop(bound);
        }

        if (unit.State.ActiveState == "failed")
        {
            foreach (string name in unit.Definition.Dependencies.OnFailure)
            {
                Start(name);
            }
        }
    }

    private void Enqueue(ImmutableDictionary<string, JobKind> jobs)
    {
        foreach (var (name, kind) in jobs)
        {
            if (_units.TryGetValue(name, out var unit) && (kind == JobKind.Start ? !unit.IsActive : !unit.IsIdle))
            {
                _jobs.Add(unit, kind);
            }
        }
    }

    private UnitNode? Describe(string name) => Find(name) is { } unit && unit.Definition.LoadError is null
        ? new UnitNode(unit.Definition.Dependencies, unit.IsActive)
        : null;

    private void Reread(string name)
    {
        if (_units.TryGetValue(name, out var unit) && ReadDefinition(name) is { } definition)
        {
            unit.Redefine(definition);
        }
    }

    /// <summary>Loaded texts first, then the unit path; an instance without a file of its own is read from its template's.</summary>
    private UnitDefinition? ReadDefinition(string name)
    {
        foreach (string candidate in UnitName.Template(name) is { } template ? (string[])[name, template] : [name])
        {
            foreach (string directory in _options.UnitPath.Prepend(_options.LoadedUnits))
            {
                string path = Path.Combine(directory, candidate);
                if (File.Exists(path))
                {
                    return _loader.Load(name, path, File.ReadAllText(path));
                }
            }
        }

        return null;
    }

    private StandInUnit AlwaysThere(UnitDefinition definition)
    {
        var unit = new StandInUnit(definition, _time.GetUtcNow());
        unit.Observe(answers: true, _time.GetUtcNow());
        return unit;
    }
}
