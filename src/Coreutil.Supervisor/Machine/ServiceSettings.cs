using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;

namespace Coreutil.Supervisor.Machine;

public enum ServiceType
{
    Simple,
    Exec,
    Idle,
    Oneshot,
    Forking,
    Notify,
}

public enum RestartMode
{
    No,
    Always,
    OnSuccess,
    OnFailure,
    OnAbnormal,
    OnAbort,
    OnWatchdog,
}

public enum KillMode
{
    ControlGroup,
    Mixed,
    Process,
    None,
}

/// <summary>What happens to a service whose start or stop takes too long (TimeoutStartFailureMode=, TimeoutStopFailureMode=).</summary>
public enum TimeoutFailureMode
{
    Terminate,

    /// <summary>The watchdog's signal: the service may leave a core behind.</summary>
    Abort,
    Kill,
}

/// <summary>Whose notifications are heard (NotifyAccess=).</summary>
public enum NotifyAccess
{
    None,
    Main,
    Exec,
    All,
}

/// <summary>One command of an Exec line, as written: specifiers are expanded, variables are not (they are read when it runs).</summary>
public sealed record ServiceCommand(string Path, ImmutableArray<string> Words, bool IsFailureIgnored = false, bool IsLiteral = false, bool IsPrivileged = false);

/// <summary>What a service's unit file says about running it. Null spans mean "no limit".</summary>
public sealed record ServiceSettings
{
    public ServiceType Type { get; init; } = ServiceType.Simple;

    public ImmutableArray<ServiceCommand> Condition { get; init; } = [];

    public ImmutableArray<ServiceCommand> StartPre { get; init; } = [];

    public ImmutableArray<ServiceCommand> Start { get; init; } = [];

    public ImmutableArray<ServiceCommand> StartPost { get; init; } = [];

    public ImmutableArray<ServiceCommand> Reload { get; init; } = [];

    public ImmutableArray<ServiceCommand> Stop { get; init; } = [];

    public ImmutableArray<ServiceCommand> StopPost { get; init; } = [];

    /// <summary>All commands under the names of their settings, in the order in which systemd lists them.</summary>
    public IEnumerable<(string Setting, ServiceCommand Command)> Commands =>
        ((ReadOnlySpan<(string, ImmutableArray<ServiceCommand>)>)
        [
            ("ExecCondition", Condition), ("ExecStartPre", StartPre), ("ExecStart", Start), ("ExecStartPost", StartPost), ("ExecReload", Reload), ("ExecStop", Stop),
            ("ExecStopPost", StopPost),
        ]).ToArray().SelectMany(list => list.Item2.Select(command => (list.Item1, command)));

    public RestartMode Restart { get; init; } = RestartMode.No;

    public TimeSpan RestartDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan? StartTimeout { get; init; } = TimeSpan.FromSeconds(90);

    public TimeSpan? StopTimeout { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>How long the watchdog's signal is given; null: no limit.</summary>
    public TimeSpan? AbortTimeout { get; init; } = TimeSpan.FromSeconds(90);

    public TimeoutFailureMode StartFailureMode { get; init; }

    public TimeoutFailureMode StopFailureMode { get; init; }

    /// <summary>A service that runs longer is stopped, and has failed.</summary>
    public TimeSpan? LongestRun { get; init; }

    /// <summary>The longest silence of a service that says WATCHDOG=1; null: no watchdog.</summary>
    public TimeSpan? Watchdog { get; init; }

    public int WatchdogSignal { get; init; } = Signals.Abort;

    public NotifyAccess NotifyAccess { get; init; }

    /// <summary>Of Type=forking: where the daemon writes the number of its main process.</summary>
    public string? PidFile { get; init; }

    /// <summary>Of Type=forking without a PID file: the only process left is taken for the main one.</summary>
    public bool GuessesMain { get; init; } = true;

    public bool RemainsAfterExit { get; init; }

    public KillMode KillMode { get; init; } = KillMode.ControlGroup;

    public int KillSignal { get; init; } = Signals.Terminate;

    public int? RestartKillSignal { get; init; }

    public int FinalKillSignal { get; init; } = Signals.Kill;

    public bool SendsKill { get; init; } = true;

    public bool SendsHangUp { get; init; }

    public ExitStatusSet SuccessStatuses { get; init; } = ExitStatusSet.Empty;

    public ExitStatusSet RestartPreventStatuses { get; init; } = ExitStatusSet.Empty;

    public ExitStatusSet RestartForceStatuses { get; init; } = ExitStatusSet.Empty;

    public int StartLimitBurst { get; init; } = 5;

    /// <summary>Zero switches the limit off.</summary>
    public TimeSpan StartLimitInterval { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>A list of exit codes and signals, as SuccessExitStatus= and its like hold it.</summary>
public sealed record ExitStatusSet(FrozenSet<int> Codes, FrozenSet<int> SignalNumbers)
{
    public static ExitStatusSet Empty { get; } = new(FrozenSet<int>.Empty, FrozenSet<int>.Empty);

    /// <summary>A code, or the name of one or of a signal; neither for a word that is none.</summary>
    public static (int? Code, int? Signal) Parse(string word) =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int code) ? (code <= byte.MaxValue ? code : null, null)
        : ExitCodeNames.Parse(word) is { } named ? (named, null)
        : (null, Signals.Parse(word));

    public static ExitStatusSet Of(IEnumerable<string> words)
    {
        var parsed = words.Select(Parse).ToArray();
        return new(parsed.Select(status => status.Code).OfType<int>().ToFrozenSet(), parsed.Select(status => status.Signal).OfType<int>().ToFrozenSet());
    }

    public bool Contains(ProcessExit exit) => exit.Kind == ProcessExitKind.Exited ? Codes.Contains(exit.Status) : SignalNumbers.Contains(exit.Status);
}
