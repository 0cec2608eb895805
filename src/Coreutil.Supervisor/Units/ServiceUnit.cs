using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;
using Coreutil.Units;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>What of the host a service needs to run; one for all services.</summary>
public sealed record ServiceHost(
    ChildWatch Children,
    OutputPump Output,
    UserDatabase Users,
    TimeProvider Time,
    ImmutableArray<KeyValuePair<string, string>> BaseEnvironment,
    string StateDirectory,
    string? ControlGroupRoot,
    Action<Action> Post,
    Action<int, ServiceUnit, ProcessRole> Register);

/// <summary>The shell around a <see cref="ServiceMachine"/>: does what the machine says and tells it what happened. Lives on the supervisor's loop.</summary>
public sealed class ServiceUnit : SupervisedUnit
{
    private readonly ServiceHost _host;
    private readonly ProcessGroup _group;
    private readonly string _runtimeFile;
    private readonly string _outputPipe;
    private ServiceMachine _machine;
    private ITimer? _timer;
    private int _timerNumber;
    private int? _output;
    private int? _main;
    private int? _control;
    private string _invocation = "";

    public ServiceUnit(UnitDefinition definition, ServiceHost host)
        : base(definition)
    {
        _host = host;
        _machine = new ServiceMachine(definition.Service);
        _group = new ProcessGroup(host.ControlGroupRoot is { } root ? Path.Combine(root, definition.Name) : null);
        _runtimeFile = Path.Combine(host.StateDirectory, "run", $"{definition.Name}.json");
        _outputPipe = Path.Combine(host.StateDirectory, "journal", $"{definition.Name}.output");
        Journal = new UnitJournal(Path.Combine(host.StateDirectory, "journal", definition.Name));
    }

    public UnitJournal Journal { get; }

    public override UnitState State => Definition.LoadError is not null && _machine.IsIdle
        ? new(Definition.LoadState, "inactive", "dead")
        : new("loaded", ServiceNames.ActiveState(_machine.State), ServiceNames.SubState(_machine.State));

    public override DateTimeOffset ChangedAt => _machine.ChangedAt;

    public override ServiceResult Result => _machine.Result;

    public int? MainPid => _main;

    public ProcessExit? MainExit => _machine.MainExit;

    public int RestartCount => _machine.RestartCount;

    public string? ControlGroup => _group.Directory;

    public IReadOnlyList<int> Processes => _group.ReadProcesses();

    public override void Redefine(UnitDefinition definition)
    {
        base.Redefine(definition);
        if (_machine.IsIdle)
        {
            _machine = new ServiceMachine(definition.Service);
        }
    }

    public override void Start()
    {
        if (_machine.IsIdle && _machine.Settings != Definition.Service)
        {
            _machine = new ServiceMachine(Definition.Service);
        }

        if (_machine.IsIdle)
        {
            _invocation = Guid.NewGuid().ToString("N");
            Report($"Starting {Definition.Description}...");
        }

        Apply(_machine.Start(Now, View));
    }

    public override void Stop() => Apply(_machine.Stop(Now, View));

    public override void ResetFailed() => Apply(_machine.ResetFailed());

    public void Signal(int signal) => _group.Signal(signal);

    public void OnExited(ProcessRole role, ProcessExit exit)
    {
        if (role == ProcessRole.Main)
        {
            _main = null;
            Apply(_machine.OnMainExited(exit, Now, View));
        }
        else
        {
            _control = null;
            Apply(_machine.OnControlExited(exit, Now, View));
        }

        CheckGroup();
    }

    /// <summary>Some process ended that was not one of ours to know: it may have been the last of this unit.</summary>
    public void CheckGroup()
    {
        if (!_machine.IsIdle && State.ActiveState == "deactivating" && _group.IsEmpty)
        {
            Apply(_machine.OnGroupEmpty(Now, View));
        }
    }

    /// <summary>After a crash of unitd: takes up a main process that still runs, and ends what is left of a unit whose main process is gone.</summary>
    public void Recover()
    {
        if (Definition.LoadError is null && File.Exists(_runtimeFile)
            && JsonSerializer.Deserialize(File.ReadAllText(_runtimeFile), RuntimeStateJson.Default.RuntimeState) is { } saved)
        {
            bool isMainAlive = saved.MainPid is { } pid && new ProcessIdentity(pid, saved.MainStartTime).IsAlive;
            _invocation = saved.Invocation;
            if (isMainAlive || saved.State == ServiceState.Exited)
            {
                OpenOutput();
                _machine.Adopt(saved.State, saved.Since);
                _main = isMainAlive ? saved.MainPid : null;
                if (isMainAlive)
                {
                    _group.Add(saved.MainPid!.Value);
                    Report("Found running after a restart of the supervisor.");
                }

                return;
            }

            File.Delete(_runtimeFile);
            Report("The main process ended while the supervisor was away; how is not known.");
        }

        if (!_group.IsEmpty)
        {
            _group.Signal(Signals.Kill);
        }
    }

    /// <summary>An adopted process is nobody's child here: asked for from time to time.</summary>
    public void CheckAdopted(Func<int, bool> isChild)
    {
        if (_main is { } pid && !isChild(pid) && ProcessIdentity.TryRead(pid) is null)
        {
            OnExited(ProcessRole.Main, new(ProcessExitKind.Unknown, 0));
        }
    }

    /// <summary>The unit is unloaded: nothing of it stays but its journal.</summary>
    public void Forget()
    {
        Arm(null);
        if (_output is { } output)
        {
            _host.Output.Close(output);
        }

        File.Delete(_outputPipe);
        File.Delete(_runtimeFile);
        _group.Remove();
    }

    private DateTimeOffset Now => _host.Time.GetUtcNow();

    private ProcessView View => new(_main is not null, _control is not null, _group.IsEmpty);

    private void Apply(ImmutableArray<ServiceAction> actions)
    {
        foreach (var action in actions)
        {
            switch (action)
            {
                case ServiceAction.Run run:
                    Run(run);
                    break;
                case ServiceAction.Kill kill:
                    Kill(kill);
                    break;
                case ServiceAction.ArmTimer arm:
                    Arm(arm.Deadline);
                    break;
                case ServiceAction.Report report:
                    Report($"{Name}: {report.Text}");
                    break;
            }
        }

        SaveRuntime();
    }

    private void Run(ServiceAction.Run run)
    {
        try
        {
            OpenOutput();
            _group.Prepare();
            var environment = ReadEnvironment(run.Role);
            ExecSpec spec = SpecOf(run.Command, environment);
            _host.Children.Spawn(spec, _output!.Value, pid =>
            {
                _host.Register(pid, this, run.Role);
                _group.Add(pid);
                if (run.Role == ProcessRole.Main)
                {
                    _main = pid;
                }
                else
                {
                    _control = pid;
                }
            });
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or UnknownUserException)
        {
            // The machine is in the middle of a step: it hears of the failure after it.
            _host.Post(() => Apply(_machine.OnRunFailed(run.Role, failure.Message, Now, View)));
        }
    }

    private ExecSpec SpecOf(ServiceCommand command, Dictionary<string, string> environment)
    {
        var context = Definition.Context;
        var user = context.User is { } name ? _host.Users.FindUser(name) : null;
        if (user is not null)
        {
            environment.TryAdd("USER", user.Name);
            environment.TryAdd("LOGNAME", user.Name);
            environment.TryAdd("HOME", user.Home);
            environment.TryAdd("SHELL", user.Shell);
        }

        uint? group = context.Group is { } groupName ? _host.Users.FindGroup(groupName) : user?.GroupId;
        var words = command.IsLiteral ? command.Words : [command.Words[0], .. ExecLine.Substitute(command.Words.Skip(1), environment)];
        return new ExecSpec
        {
            Path = FindProgram(command.Path, environment.GetValueOrDefault("PATH", "")),
            Arguments = words,
            Environment = [.. environment.Select(pair => $"{pair.Key}={pair.Value}")],
            ControlGroups = _group.JoinFile is { } file ? [file] : [],
            WorkingDirectory = context.WorkingDirectory == "~" ? user?.Home : context.WorkingDirectory,
            IsWorkingDirectoryOptional = context.IsWorkingDirectoryOptional,
            User = user?.Id,
            Group = group,
            SupplementaryGroups = user is null ? [] : _host.Users.GroupsOf(user.Name),
            FileMask = context.FileMask,
            Nice = context.Nice,
            OomScoreAdjust = context.OomScoreAdjust,
            Limits = context.Limits,
        };
    }

    /// <summary>A name without a slash is searched in the unit's PATH; what is not found fails at execve, as it does with a slash.</summary>
    private static string FindProgram(string name, string path) => name.Contains('/', StringComparison.Ordinal)
        ? name
        : path.Split(':').Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists) ?? $"/usr/bin/{name}";

    private Dictionary<string, string> ReadEnvironment(ProcessRole role)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in _host.BaseEnvironment.Concat(Definition.Context.Environment))
        {
            environment[name] = value;
        }

        foreach (var file in Definition.Context.EnvironmentFiles.Where(file => !file.IsOptional || File.Exists(file.Path)))
        {
            foreach (var (name, value) in EnvironmentText.ParseFile(File.ReadAllText(file.Path)))
            {
                environment[name] = value;
            }
        }

        environment["INVOCATION_ID"] = _invocation;
        if (role == ProcessRole.Control)
        {
            if (_main is { } main)
            {
                environment["MAINPID"] = main.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            if (State.ActiveState == "deactivating")
            {
                environment["SERVICE_RESULT"] = ServiceNames.Result(_machine.Result);
                if (_machine.MainExit is { } exit)
                {
                    environment["EXIT_CODE"] = exit.CodeText;
                    environment["EXIT_STATUS"] = exit.StatusText;
                }
            }
        }

        return environment;
    }

    private void Kill(ServiceAction.Kill kill)
    {
        switch (kill.Target)
        {
            case KillTarget.Group:
                _group.Signal(kill.Signal);
                break;
            case KillTarget.Main when _main is { } main:
                ProcessGroup.SignalOne(main, kill.Signal);
                break;
            case KillTarget.Control when _control is { } control:
                ProcessGroup.SignalOne(control, kill.Signal);
                break;
        }
    }

    private void Arm(DateTimeOffset? deadline)
    {
        _timer?.Dispose();
        _timer = null;
        int number = ++_timerNumber;
        if (deadline is { } due)
        {
            var delay = due - Now;
            _timer = _host.Time.CreateTimer(
                _ => _host.Post(() => OnTimer(number)), null, delay > TimeSpan.Zero ? delay : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>A timer that fired just before it was replaced arrives with an old number.</summary>
    private void OnTimer(int number)
    {
        if (number == _timerNumber)
        {
            Apply(_machine.OnTimer(Now, View));
        }
    }

    private void OpenOutput() => _output ??= _host.Output.Open(
        _outputPipe,
        line => Journal.Append(new(_host.Time.GetUtcNow(), Identifier, _main ?? _control ?? 0, line)));

    private string Identifier => Path.GetFileName(Definition.Service.Start.FirstOrDefault()?.Path ?? Name);

    private void Report(string text) => Journal.Append(new(Now, "unitd", Environment.ProcessId, text));

    private void SaveRuntime()
    {
        if (_machine.State is ServiceState.Running or ServiceState.Exited)
        {
            var state = new RuntimeState(_machine.State, _machine.ChangedAt, _main, _main is { } pid ? ProcessIdentity.TryRead(pid)?.StartTime ?? 0 : 0, _invocation);
            File.WriteAllText(_runtimeFile, JsonSerializer.Serialize(state, RuntimeStateJson.Default.RuntimeState));
        }
        else if (_machine.IsIdle)
        {
            File.Delete(_runtimeFile);
            _group.Remove();
        }
    }
}

/// <summary>What the next unitd must know of a running service.</summary>
internal sealed record RuntimeState(ServiceState State, DateTimeOffset Since, int? MainPid, ulong MainStartTime, string Invocation);

[JsonSerializable(typeof(RuntimeState))]
internal sealed partial class RuntimeStateJson : JsonSerializerContext;
