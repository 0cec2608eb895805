using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Coreutil.Supervisor.Machine;

public enum ServiceType
{
    Simple,
    Exec,
    Idle,
    Oneshot,
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

/// <summary>One command of an Exec line, as written: specifiers are expanded, variables are not (they are read when it runs).</summary>
public sealed record ServiceCommand(string Path, ImmutableArray<string> Words, bool IsFailureIgnored = false, bool IsLiteral = false);

/// <summary>What a service's unit file says about running it. Null spans mean "no limit".</summary>
public sealed record ServiceSettings
{
    public ServiceType Type { get; init; } = ServiceType.Simple;

    public ImmutableArray<ServiceCommand> StartPre { get; init; } = [];

    public ImmutableArray<ServiceCommand> Start { get; init; } = [];

    public ImmutableArray<ServiceCommand> StartPost { get; init; } = [];

    public ImmutableArray<ServiceCommand> Stop { get; init; } = [];

    public ImmutableArray<ServiceCommand> StopPost { get; init; } = [];

    public RestartMode Restart { get; init; } = RestartMode.No;

    public TimeSpan RestartDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan? StartTimeout { get; init; } = TimeSpan.FromSeconds(90);

    public TimeSpan? StopTimeout { get; init; } = TimeSpan.FromSeconds(90);

    public bool RemainsAfterExit { get; init; }

    public KillMode KillMode { get; init; } = KillMode.ControlGroup;

    public int KillSignal { get; init; } = Signals.Terminate;

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

    public bool Contains(ProcessExit exit) => exit.Kind == ProcessExitKind.Exited ? Codes.Contains(exit.Status) : SignalNumbers.Contains(exit.Status);
}
