using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Coreutil.Core.Files;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;
using Coreutil.Supervisor.Units;
using Coreutil.Units;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor;

/// <summary>
/// Holds the units and the one loop on which all of them live: requests, exits, timers and probes are posted to it, so no unit needs a lock.
/// After each step jobs advance, units that hang on others follow, and waiting clients are woken.
/// </summary>
public sealed partial class UnitSupervisor : IDisposable
{
    private static readonly TimeSpan _probePeriod = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _savingPause = TimeSpan.FromSeconds(1);

    private readonly StepLoop _loop = new();
    private readonly Dictionary<string, SupervisedUnit> _units = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (UnitState State, bool IsIdle, int Refusals)> _lastStates = new(StringComparer.Ordinal);
    private readonly Dictionary<int, (ServiceUnit Unit, ProcessRole Role)> _processes = [];
    private readonly Channel<bool> _probeRequests = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly List<ChannelWriter<UnitRow>> _monitors = [];
    private readonly DependencyIndex _index = new();
    private readonly Queue<SupervisedUnit> _touched = [];
    private readonly HashSet<SupervisedUnit> _toCollect = [];
    private readonly List<SocketUnit> _sockets = [];
    private readonly Dictionary<string, RuntimeFile> _saved = new(StringComparer.Ordinal);
    private readonly HashSet<SupervisedUnit> _unsaved = [];
    private readonly OneShotTimer _saving;
    private readonly Action<string> _log;
    private readonly JobQueue _jobs;
    private readonly UnitdOptions _options;
    private readonly TimeProvider _time;
    private readonly UnitFiles _files;
    private readonly UnitDefinitionLoader _loader;
    private readonly HostStandIns _standIns;
    private readonly ServiceHost _host;
    private readonly TriggerHost _triggers;
    private readonly OutputPump _output = new();
    private readonly DescriptorWatch _descriptors = new();
    private readonly NotifySocket _notify;
    private readonly MountWatch _mounts;
    private readonly string? _controlGroupRoot;
    private readonly UnitJournals _journals;
    private readonly string _boot;
    private readonly Handover? _handover;
    private readonly GuardLink? _guard;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public UnitSupervisor(
        UnitdOptions options,
        Spawner spawner,
        SpecifierContext specifiers,
        ImmutableArray<KeyValuePair<string, string>> baseEnvironment,
        TimeProvider time,
        Action<string> log,
        Handover? handover = null)
    {
        _log = log;
        _saving = new(time, Post, SaveAgain);
        _options = options;
        _handover = handover;
        _boot = specifiers.BootId;
        _time = time;
        _journals = new UnitJournals(Path.Combine(options.StateDirectory, "journal"), _boot, time);
        _jobs = new JobQueue(_index, unit => StartOutcomes(unit, unit.Definition.Dependencies.OnFailure, "OnFailure"), OnJobEnded, Report);
        _files = new UnitFiles(options);
        Installer = new UnitInstaller(options, _files);
        _loader = new UnitDefinitionLoader(specifiers, AutofsMount.WhyNot());
        _standIns = new HostStandIns(options.EtcdEndpoint);
        foreach (string directory in (string[])[options.LoadedUnits, Path.Combine(options.StateDirectory, "run"), Path.Combine(options.StateDirectory, "journal")])
        {
            Directory.CreateDirectory(directory);
        }

        // One directory a supervisor, named by its state directory: two of them on a host never touch each other's processes.
        string identity = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(options.StateDirectory)))[..12];
        _controlGroupRoot = ControlGroupRoot.TryCreate($"unitd-{identity}");
        _notify = new NotifySocket($"unitd-{identity}/notify", handover?.Notify, (sender, fields) => Post(() => OnNotified(sender, fields)));
        _mounts = new MountWatch(_descriptors, () => Post(CheckMounts));
        int? guard = handover?.Guard ?? options.GuardDescriptor;
        _guard = guard is null or 0 ? null : new GuardLink(guard.Value, isNew: handover is null, _descriptors, () => Post(CheckAdopted));
        _host = new ServiceHost
        {
            Children = new ChildWatch(spawner, _descriptors, OnProcessExited),
            Output = _output,
            Commands = new CommandSpecs(new UserDatabase(), baseEnvironment),
            Time = time,
            StateDirectory = options.StateDirectory,
            Journals = _journals,
            ControlGroupRoot = _controlGroupRoot,
            NotifyAddress = _notify.Address,
            Post = Post,
            Register = (pid, unit, role) => _processes[pid] = (unit, role),
            TryTakeExit = process => _guard?.TryTakeExit(process),
            IsGuarded = () => _guard is { IsThere: true },
            Restart = unit => Enqueue(unit.Name, JobKind.Restart),
            PropagateReload = unit => EnqueueAll(Transaction.ReloadingWith(unit.Name, Describe, _index), JobKind.Reload),
            MonitoredBy = MonitoredBy,
            SocketsOf = unit => [.. _sockets.SelectMany(socket => socket.SocketsFor(unit.Name))],
        };
        _triggers = new TriggerHost
        {
            Time = time,
            Startup = handover?.Startup ?? time.GetUtcNow(),
            StateDirectory = options.StateDirectory,
            Journals = _journals,
            IsReexecuted = handover is not null,
            Guard = _guard,
            Post = Post,
            Find = Find,
            Start = name => Enqueue(name, JobKind.Start).Refusal?.Reason,
            Stop = name => Enqueue(name, JobKind.Stop).Refusal?.Reason,
            HasJob = name => _jobs.JobOf(name) is not null,
        };
    }

    public long Generation { get; private set; }

    /// <summary>Runs the loop until <paramref name="cancel"/>; units keep running unless they were stopped before.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        Recover();
        StartEnabled();
        Settle();
        await _loop.RunAsync(Settle, ProbeAsync, cancel);
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

    /// <summary>Every change of a unit's state from now on; what a slow reader leaves lying is bounded, and then the oldest is dropped.</summary>
    public async IAsyncEnumerable<UnitRow> MonitorAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var changes = Channel.CreateBounded<UnitRow>(new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropOldest });
        await AskAsync(supervisor =>
        {
            supervisor._monitors.Add(changes.Writer);
            return true;
        });
        try
        {
            await foreach (var change in changes.Reader.ReadAllAsync(cancel))
            {
                yield return change;
            }
        }
        finally
        {
            Post(() => _monitors.Remove(changes.Writer));
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
            return Take(Create(definition));
        }

        if (DeviceUnit.PathOf(name) is { } path)
        {
            return Take(new DeviceUnit(name, path, _triggers));
        }

        if (!_standIns.Knows(name))
        {
            return null;
        }

        _probeRequests.Writer.TryWrite(true);
        return Take(new StandInUnit(new UnitDefinition { Name = name, Description = name }, _time));
    }

    /// <summary>Queues a job and all it pulls in; the job, or why there is none.</summary>
    public (Job? Job, TransactionResult.Refused? Refusal) Enqueue(string name, JobKind kind)
    {
        switch (new Transaction(Describe, _index).Plan(name, kind))
        {
            case TransactionResult.Refused refused:
                return (null, refused);
            case TransactionResult.Planned planned:
                foreach (var (unit, job) in planned.Jobs.OrderBy(job => job.Key, StringComparer.Ordinal))
                {
                    _jobs.Add(_units[unit], job);
                }

                return (_jobs.JobOf(name) ?? _jobs.Add(_units[name], kind), null);
            default:
                throw new InvalidOperationException("unknown result");
        }
    }

    /// <summary>Stops everything, in order; completes when nothing runs.</summary>
    public Task StopAll()
    {
        File.Delete(BootedFile);
        Job[] jobs = [.. All.Where(unit => !unit.BelongsToHost && !unit.IsIdle).Select(unit => _jobs.Add(unit, JobKind.Stop))];
        return Task.WhenAll(jobs.Select(job => job.Completion));
    }

    /// <summary>Keeps a unit's text for this supervisor; a running unit goes on with the old one.</summary>
    public void Load(string name, string text)
    {
        AtomicFile.WriteForThisBoot(Path.Combine(_options.LoadedUnits, name), Encoding.UTF8.GetBytes(text));
        Reread(name);
    }

    /// <summary>Forgets a unit that was loaded. It must be idle.</summary>
    public void Unload(string name)
    {
        Drop(name);
        File.Delete(Path.Combine(_options.LoadedUnits, name));
    }

    private void Drop(string name)
    {
        if (_units.Remove(name, out var unit))
        {
            unit.Forget();
            unit.Touched = _ => { };
            _unsaved.Remove(unit);
            _lastStates.Remove(name);
            _index.Remove(name);
            if (_saved.Remove(name, out var file))
            {
                file.Delete();
            }

            _sockets.RemoveAll(socket => socket == unit);
        }
    }

    /// <summary>Names and texts of what was loaded here.</summary>
    public ImmutableDictionary<string, string> Loaded => Directory.EnumerateFiles(_options.LoadedUnits)
        .ToImmutableDictionary(path => Path.GetFileName(path), File.ReadAllText, StringComparer.Ordinal);

    public UnitFiles Files => _files;

    public UnitInstaller Installer { get; }

    /// <summary>What the units in memory say of a unit.</summary>
    public IncomingDependencies ReferencesTo(string name) => _index.IncomingOf(name, other => IsInMemory(_units[other]));

    /// <summary>Units that systemd would have in memory: not the ones that are down and nobody refers to.</summary>
    public IEnumerable<SupervisedUnit> InMemory => All.Where(IsInMemory);

    /// <summary>Reads the files of the units that others refer to, as systemd does at once.</summary>
    public void LoadReferred()
    {
        foreach (string name in InMemory.SelectMany(unit => unit.Definition.Dependencies.Referred).ToArray())
        {
            Find(name);
        }
    }

    public bool IsInMemory(SupervisedUnit unit) => unit.State.ActiveState != "inactive" || IsKept(unit);

    public UnitJournal JournalOf(SupervisedUnit unit) => _journals.Of(unit.Name);

    public Job? JobOf(string name) => _jobs.JobOf(name);

    public int JobCount => _jobs.All.Count;

    /// <summary>Its files on disk are no longer those that it was read from.</summary>
    public bool IsStale(UnitDefinition definition) =>
        definition.Path is not null && definition.LoadState != "masked" && (_files.Find(definition.Name) is not { } sources || sources.Fingerprint != definition.Fingerprint);

    public void ReloadAll()
    {
        foreach (string name in _units.Keys.ToArray())
        {
            Reread(name);
        }
    }

    public void Dispose()
    {
        // After an orderly end nobody asks how the units of this run failed.
        foreach (var (_, file) in _saved.Where(saved => _units[saved.Key].IsIdle))
        {
            file.Delete();
        }

        _output.Dispose();
        _descriptors.Dispose();
        _mounts.Dispose();
        _notify.Dispose();
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

    private void Post(Action step) => _loop.Post(step);

    private void Report(SupervisedUnit unit, string text, int priority)
    {
        // What belongs to the host was neither started nor stopped here.
        if (unit is not StandInUnit)
        {
            _journals.Report(unit.Name, text, priority);
        }
    }

    private void OnProcessExited(int pid, ProcessExit exit, string? membership) => Post(() =>
    {
        if (_processes.Remove(pid, out var owner))
        {
            owner.Unit.OnExited(pid, owner.Role, exit);
            return;
        }

        foreach (var service in ServicesOf(membership))
        {
            service.CheckGroup();
            _toCollect.Add(service);
        }
    });

    private void OnNotified(int sender, IReadOnlyList<KeyValuePair<string, string>> fields)
    {
        var known = _processes.TryGetValue(sender, out var owner) ? owner.Unit : null;
        if (known?.TryNotify(sender, fields) != true)
        {
            _ = ServicesOf(ControlGroupRoot.MembershipOf(sender)).Any(service => service.TryNotify(sender, fields));
        }
    }

    /// <summary>Whose process it may be: the kernel says it, or it is any service's.</summary>
    private ServiceUnit[] ServicesOf(string? membership) => ControlGroupRoot.UnitOf(membership, _controlGroupRoot) is { } name
        ? _units.GetValueOrDefault(name) is ServiceUnit service ? [service] : []
        : [.. _units.Values.OfType<ServiceUnit>()];

    /// <summary>Stand-ins, devices and adopted processes tell nothing by themselves: all are asked every two seconds.</summary>
    private async Task ProbeAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            string[] names = await AskAsync(supervisor => supervisor._units.Values.OfType<StandInUnit>().Select(unit => unit.Name).ToArray()).WaitAsync(cancel);
            foreach (string name in names)
            {
                bool answers = await _standIns.ProbeAsync(name, cancel);
                Post(() => (_units.GetValueOrDefault(name) as StandInUnit)?.Observe(answers));
            }

            Post(CheckAdopted);
            Post(LookForDevices);
            await Task.WhenAny(Task.Delay(_probePeriod, _time, cancel), _probeRequests.Reader.WaitToReadAsync(cancel).AsTask());
            _probeRequests.Reader.TryRead(out _);
        }
    }

    private void LookForDevices()
    {
        foreach (var device in _units.Values.OfType<DeviceUnit>().ToArray())
        {
            device.Look();
        }
    }

    private void CheckAdopted()
    {
        foreach (var service in _units.Values.OfType<ServiceUnit>().ToArray())
        {
            service.CheckAdopted();
        }
    }

    private void CheckMounts()
    {
        MountUnit[] mounts = [.. _units.Values.OfType<MountUnit>()];
        if (mounts.Length > 0)
        {
            var points = _mounts.Read();
            Array.ForEach(mounts, mount => mount.Observe(points));
        }
    }

    private SupervisedUnit Take(SupervisedUnit unit)
    {
        _units[unit.Name] = unit;
        _index.Set(unit.Name, unit.Definition.Dependencies);
        if (unit is SocketUnit socket)
        {
            _sockets.Add(socket);
        }

        unit.HasItsBindings = HasItsBindings;
        unit.Touched = Touch;
        Touch(unit);
        if (unit is MountUnit mount)
        {
            mount.Observe(_mounts.Read());
        }

        return unit;
    }

    private void Touch(SupervisedUnit unit)
    {
        _touched.Enqueue(unit);
        _jobs.NoteChange(unit);
    }

    private SupervisedUnit Create(UnitDefinition definition) => UnitName.Suffix(definition.Name) switch
    {
        "service" => new ServiceUnit(definition, _host),
        "mount" when definition.Mount is not null => new MountUnit(definition, _host),
        "timer" when definition.Timer is not null => new TimerUnit(definition, _triggers),
        "path" when definition.PathWatch is not null => new PathUnit(definition, _triggers, _descriptors),
        "socket" when definition.Socket is not null => new SocketUnit(definition, _triggers, _descriptors),
        "automount" when definition.Automount is not null => new AutomountUnit(definition, _triggers, _descriptors),
        _ => new PassiveUnit(definition, _time),
    };

    private UnitNode? Describe(string name) => Find(name) is { } unit
        ? new UnitNode(unit.Definition.Dependencies, unit.IsActive, unit.IsIdle, unit.Definition.LoadState switch
        {
            "loaded" => null,
            "masked" => $"Unit {name} is masked.",
            "bad-setting" => $"Unit {name} has a bad unit file setting.",
            _ => unit.Definition.LoadError,
        }, unit.State.ActiveState == "deactivating")
        : null;

    private bool HasItsBindings(SupervisedUnit unit) => unit.Definition.Dependencies.BindsTo
        .Where(unit.Definition.Dependencies.After.Contains).All(bound => Find(bound) is { IsActive: true });

    private void Reread(string name)
    {
        if (_units.TryGetValue(name, out var unit) && ReadDefinition(name) is { } definition)
        {
            _index.Set(name, definition.Dependencies);
            unit.Redefine(definition);
        }
    }

    private UnitDefinition? ReadDefinition(string name)
    {
        try
        {
            return UnitName.IsTemplate(name) || _files.Find(name) is not { } sources ? null : Define(name, sources);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return new UnitDefinition { Name = name, Description = name, LoadState = "error", LoadError = $"Unit {name} failed to load: {unreadable.Message}" };
        }
    }

    private UnitDefinition Define(string name, UnitSources sources)
    {
        if (new FileInfo(sources.Path).LinkTarget == "/dev/null")
        {
            return new UnitDefinition { Name = name, Description = name, Path = sources.Path, LoadState = "masked", LoadError = $"Unit {name} is masked." };
        }

        // Of the mounts on the way to a path only those count that are units here.
        var definition = _loader.Load(name, sources);
        string[] mounts = [.. definition.Dependencies.MountsFor.Where(mount => _files.Find(mount) is not null)];
        return definition with
        {
            Dependencies = definition.Dependencies with
            {
                Requires = [.. definition.Dependencies.Requires, .. mounts],
                After = [.. definition.Dependencies.After, .. mounts],
            },
        };
    }
}
