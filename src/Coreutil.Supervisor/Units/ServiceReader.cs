using System.Collections.Immutable;
using Coreutil.Supervisor.Machine;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>The settings of a [Service] section that say how it lives; <see cref="ServiceContextReader"/> reads what its processes run in.</summary>
internal static class ServiceReader
{
    public static UnitDefinition Read(UnitDefinition definition, UnitSection section, List<string> problems)
    {
        var type = section.Raw("Type") switch
        {
            "exec" => ServiceType.Exec,
            "idle" => ServiceType.Idle,
            "oneshot" => ServiceType.Oneshot,
            "forking" => ServiceType.Forking,
            "notify" => ServiceType.Notify,
            _ => ServiceType.Simple,
        };
        bool isOneshot = type == ServiceType.Oneshot;
        var defaults = new ServiceSettings();
        var both = section.Span("TimeoutSec", null, isZeroInfinite: true);
        bool hasBoth = TimeSpanText.TryParse(section.Raw("TimeoutSec") ?? "", out _);
        var stopTimeout = section.Span("TimeoutStopSec", hasBoth ? both : defaults.StopTimeout, isZeroInfinite: true);
        var watchdog = section.Span("WatchdogSec", null, isZeroInfinite: true);
        var settings = new ServiceSettings
        {
            Type = type,
            Condition = Commands("ExecCondition"),
            StartPre = Commands("ExecStartPre"),
            Start = Commands("ExecStart"),
            StartPost = Commands("ExecStartPost"),
            Reload = Commands("ExecReload"),
            Stop = Commands("ExecStop"),
            StopPost = Commands("ExecStopPost"),
            Restart = ReadRestart(section),
            RestartDelay = section.Span("RestartSec", defaults.RestartDelay, isZeroInfinite: false) ?? TimeSpan.FromDays(36500),
            StartTimeout = section.Span("TimeoutStartSec", hasBoth ? both : isOneshot ? null : defaults.StartTimeout, isZeroInfinite: true),
            StopTimeout = stopTimeout,
            AbortTimeout = section.Span("TimeoutAbortSec", stopTimeout, isZeroInfinite: true),
            StartFailureMode = ReadFailureMode(section.Raw("TimeoutStartFailureMode")),
            StopFailureMode = ReadFailureMode(section.Raw("TimeoutStopFailureMode")),
            LongestRun = section.Span("RuntimeMaxSec", null, isZeroInfinite: true),
            Watchdog = watchdog,
            WatchdogSignal = section.Signal("WatchdogSignal") ?? defaults.WatchdogSignal,
            NotifyAccess = section.Raw("NotifyAccess") switch
            {
                "none" when type != ServiceType.Notify && watchdog is null => NotifyAccess.None,
                "exec" => NotifyAccess.Exec,
                "all" => NotifyAccess.All,
                "main" => NotifyAccess.Main,
                _ => type == ServiceType.Notify || watchdog is not null ? NotifyAccess.Main : NotifyAccess.None,
            },
            PidFile = section.Text("PIDFile") is { } file ? Path.Combine("/run", file) : null,
            GuessesMain = section.Flag("GuessMainPID", true),
            RemainsAfterExit = section.Flag("RemainAfterExit", false),
            KillMode = section.Raw("KillMode") switch
            {
                "mixed" => KillMode.Mixed,
                "process" => KillMode.Process,
                "none" => KillMode.None,
                _ => KillMode.ControlGroup,
            },
            KillSignal = section.Signal("KillSignal") ?? defaults.KillSignal,
            RestartKillSignal = section.Signal("RestartKillSignal"),
            FinalKillSignal = section.Signal("FinalKillSignal") ?? defaults.FinalKillSignal,
            SendsKill = section.Flag("SendSIGKILL", true),
            SendsHangUp = section.Flag("SendSIGHUP", false),
            SuccessStatuses = ExitStatusSet.Of(section.Words("SuccessExitStatus")),
            RestartPreventStatuses = ExitStatusSet.Of(section.Words("RestartPreventExitStatus")),
            RestartForceStatuses = ExitStatusSet.Of(section.Words("RestartForceExitStatus")),
        };
        Refuse(section, settings, problems);
        var context = ServiceContextReader.Read(section);
        return definition with { Service = settings, Context = context, Dependencies = OnMounts(definition.Dependencies, context) };

        ImmutableArray<ServiceCommand> Commands(string setting) => ReadCommands(section, setting, problems);
    }

    /// <summary>A working directory that must be there is as good as RequiresMountsFor=.</summary>
    private static UnitDependencies OnMounts(UnitDependencies dependencies, ServiceContext context) =>
        context is { WorkingDirectory: { } directory, IsWorkingDirectoryOptional: false } && directory.StartsWith('/')
            ? dependencies with { MountsFor = [.. dependencies.MountsFor, .. UnitPathName.MountsOnTheWayTo(directory)] }
            : dependencies;

    /// <summary>What systemd does not start, in its words.</summary>
    private static void Refuse(UnitSection section, ServiceSettings settings, List<string> problems)
    {
        bool isOneshot = settings.Type == ServiceType.Oneshot;
        if (settings.Start.Length == 0 && !(isOneshot && settings.Stop.Length > 0))
        {
            problems.Add("Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing.");
        }
        else if (settings.Start.Length == 0 && !settings.RemainsAfterExit)
        {
            problems.Add("Service has no ExecStart= setting, which is only allowed for RemainAfterExit=yes services. Refusing.");
        }

        if (settings.Start.Length > 1 && !isOneshot)
        {
            problems.Add("Service has more than one ExecStart= setting, which is only allowed for Type=oneshot services. Refusing.");
        }

        if (isOneshot && settings.Restart is RestartMode.Always or RestartMode.OnSuccess)
        {
            problems.Add("Service has Restart= set to either always or on-success, which isn't allowed for Type=oneshot services. Refusing.");
        }

        if (isOneshot && settings.RestartForceStatuses is not { Codes.Count: 0, SignalNumbers.Count: 0 })
        {
            problems.Add("Service has RestartForceExitStatus= set, which isn't allowed for Type=oneshot services. Refusing.");
        }

        if (section.Raw("Type") == "dbus")
        {
            problems.Add(section.Raw("BusName") is null
                ? "Service is of type D-Bus but no D-Bus service name has been specified. Refusing."
                : "Service is of type D-Bus, and unitd watches no bus: Type=notify, or Type=exec where it says nothing, starts it here.");
        }
    }

    private static TimeoutFailureMode ReadFailureMode(string? value) => value switch
    {
        "abort" => TimeoutFailureMode.Abort,
        "kill" => TimeoutFailureMode.Kill,
        _ => TimeoutFailureMode.Terminate,
    };

    private static RestartMode ReadRestart(UnitSection section) => section.Raw("Restart") switch
    {
        "always" => RestartMode.Always,
        "on-success" => RestartMode.OnSuccess,
        "on-failure" => RestartMode.OnFailure,
        "on-abnormal" => RestartMode.OnAbnormal,
        "on-abort" => RestartMode.OnAbort,
        "on-watchdog" => RestartMode.OnWatchdog,
        _ => RestartMode.No,
    };

    /// <summary>A line that is no command line is passed over, as the systemd of fleet's days did; an ExecStart= that is none refuses the unit.</summary>
    private static ImmutableArray<ServiceCommand> ReadCommands(UnitSection section, string setting, List<string> problems)
    {
        var commands = ImmutableArray.CreateBuilder<ServiceCommand>();
        foreach (string value in section.List(setting))
        {
            switch (ExecLine.Parse(value, section.TryExpand))
            {
                case ExecLineResult.Parsed parsed:
                    commands.AddRange(parsed.Commands.Select(line => new ServiceCommand(line.Path, line.Words, line.IsFailureIgnored, line.IsLiteral, line.IsPrivileged)));
                    break;
                case ExecLineResult.Refused { IsFatal: true } refused when setting == "ExecStart":
                    problems.Add(refused.What);
                    break;
            }
        }

        return commands.ToImmutable();
    }
}
