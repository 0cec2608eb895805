using System.Globalization;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Units;

namespace Coreutil.Supervisor.Properties;

/// <summary>The properties of services (dbus-service.c's names and order).</summary>
internal static class ServiceProperties
{
    public static void Add(PropertyList list, ServiceUnit service)
    {
        var settings = service.Settings;
        bool isLoaded = service.Definition.LoadError is null;
        list.Add("Type", isLoaded || service.Definition.LoadState == "bad-setting" ? settings.Type.ToString().ToLowerInvariant() : "");
        AddLife(list, settings, service.Times.InactiveExit is not null || service.Times.ActiveEnter is not null);
        AddProcesses(list, service);
        foreach (var commands in settings.Commands.GroupBy(command => command.Setting, command => command.Command))
        {
            AddCommands(list, commands.Key, commands, service.Runs);
            AddCommands(list, commands.Key, commands, service.Runs, hasFlags: true);
        }

        AddResources(list, service);
        AddContext(list, service.Definition.Context);
        AddKilling(list, settings);
    }

    /// <summary>Of a service that there is not: what it would be without any setting.</summary>
    public static void AddNothing(PropertyList list)
    {
        var settings = new ServiceSettings();
        AddLife(list, settings, wasStarted: false);
        list.Add("MainPID", 0);
        list.Add("ControlPID", 0);
        list.Add("Result", ServiceNames.Result(ServiceResult.Success));
        list.Add("NRestarts", 0);
        list.Add("ExecMainPID", 0);
        list.Add("ExecMainCode", 0);
        list.Add("ExecMainStatus", 0);
        AddKilling(list, settings);
    }

    /// <summary>The commands of a setting and their last runs, in one of systemd's two forms.</summary>
    public static void AddCommands(PropertyList list, string setting, IEnumerable<ServiceCommand> commands, CommandRuns runs, bool hasFlags = false)
    {
        foreach (var command in commands)
        {
            var run = runs.Of(command);
            string[] flags =
                [.. command.IsFailureIgnored ? (string[])["ignore-failure"] : [], .. command.IsPrivileged ? (string[])["privileged"] : [], .. command.IsLiteral ? (string[])["no-env-expand"] : []];
            string how = hasFlags ? $"flags={string.Join(' ', flags)}" : $"ignore_errors={(command.IsFailureIgnored ? "yes" : "no")}";
            string status = run?.Exit switch
            {
                null => "code=(null) ; status=0/0",
                { Kind: ProcessExitKind.Exited or ProcessExitKind.Unknown } exit => $"code=exited ; status={exit.StatusText}",
                { } exit => string.Create(CultureInfo.InvariantCulture, $"code={exit.CodeText} ; status={exit.Status}/{exit.StatusText}"),
            };
            string ran = string.Create(CultureInfo.InvariantCulture, $"start_time=[{Time(run?.Start)}] ; stop_time=[{Time(run?.Stop)}] ; pid={run?.Pid ?? 0} ; {status}");
            list.Add(hasFlags ? $"{setting}Ex" : setting, $"{{ path={command.Path} ; argv[]={string.Join(' ', command.Words)} ; {how} ; {ran} }}");
        }
    }

    /// <summary>Where the host has a cgroup controller for it: what the unit uses now.</summary>
    public static void AddResources(PropertyList list, ServiceUnit service)
    {
        list.Add("ControlGroup", service.Processes.Count > 0 || (service is MountUnit && service.IsActive) ? service.ControlGroupPath : "");
        foreach (var (property, file) in (ReadOnlySpan<(string, string)>)[("MemoryCurrent", "memory.current"), ("TasksCurrent", "pids.current")])
        {
            if (service.ReadGroupFile(file) is { } value)
            {
                list.Add(property, value);
            }
        }
    }

    private static void AddLife(PropertyList list, ServiceSettings settings, bool wasStarted)
    {
        list.Add("Restart", Hyphenated(settings.Restart.ToString()));
        list.Add("PIDFile", settings.PidFile);
        list.Add("NotifyAccess", Hyphenated(settings.NotifyAccess.ToString()));
        list.AddSpan("RestartUSec", settings.RestartDelay);
        list.AddSpan("TimeoutStartUSec", settings.StartTimeout);
        list.AddSpan("TimeoutStopUSec", settings.StopTimeout);
        list.AddSpan("TimeoutAbortUSec", settings.AbortTimeout);
        list.AddSpan("RuntimeMaxUSec", settings.LongestRun);
        list.AddSpan("WatchdogUSec", settings.Watchdog ?? (wasStarted ? TimeSpan.Zero : null));
        list.Add("RemainAfterExit", settings.RemainsAfterExit);
        list.Add("GuessMainPID", settings.GuessesMain);
        list.Add("RestartPreventExitStatus", Statuses(settings.RestartPreventStatuses));
        list.Add("RestartForceExitStatus", Statuses(settings.RestartForceStatuses));
        list.Add("SuccessExitStatus", Statuses(settings.SuccessStatuses));
    }

    private static void AddProcesses(PropertyList list, ServiceUnit service)
    {
        var main = service.Runs.Main;
        list.Add("MainPID", service.MainPid ?? 0);
        list.Add("ControlPID", service.ControlPid ?? 0);
        list.Add("StatusText", service.StatusText);
        list.Add("Result", ServiceNames.Result(service.Result));
        list.Add("ReloadResult", ServiceNames.Result(service.ReloadResult));
        list.Add("NRestarts", service.RestartCount);
        list.AddTime("ExecMainStartTimestamp", main?.Start);
        list.AddTime("ExecMainExitTimestamp", main?.Stop);
        list.Add("ExecMainPID", main?.Pid ?? 0);
        list.Add("ExecMainCode", service.MainExit?.Kind switch
        {
            ProcessExitKind.Exited => 1,
            ProcessExitKind.Killed => 2,
            ProcessExitKind.Dumped => 3,
            _ => 0,
        });
        list.Add("ExecMainStatus", service.MainExit?.Status ?? 0);
    }

    private static void AddContext(PropertyList list, ServiceContext context)
    {
        list.Add("Environment", context.Environment.Select(variable => PropertyList.Quote($"{variable.Key}={variable.Value}")));
        foreach (var file in context.EnvironmentFiles)
        {
            list.Add("EnvironmentFiles", $"{file.Path} (ignore_errors={(file.IsOptional ? "yes" : "no")})");
        }

        list.Add("PassEnvironment", context.PassedEnvironment);
        list.Add("UnsetEnvironment", context.UnsetEnvironment);
        list.AddMode("UMask", context.FileMask);
        foreach (var limit in context.Limits.OrderBy(limit => limit.Resource))
        {
            list.Add(LimitText.SettingOf(limit.Resource), Limit(limit.Hard));
            list.Add($"{LimitText.SettingOf(limit.Resource)}Soft", Limit(limit.Soft));
        }

        list.Add("WorkingDirectory", context.WorkingDirectory is { } directory ? $"{(context.IsWorkingDirectoryOptional ? "!" : "")}{directory}" : "");
        list.Add("OOMScoreAdjust", context.OomScoreAdjust ?? 0);
        list.Add("Nice", context.Nice ?? 0);
        list.Add("SyslogIdentifier", context.Identifier);
        list.Add("SyslogLevelPrefix", context.HasLevelPrefix);
        list.Add("SyslogLevel", context.Level);
        list.Add("User", context.User);
        list.Add("Group", context.Group);
        list.Add("SupplementaryGroups", context.SupplementaryGroups);
        list.Add("IgnoreSIGPIPE", context.IgnoresSigpipe);
    }

    private static void AddKilling(PropertyList list, ServiceSettings settings)
    {
        list.Add("KillMode", Hyphenated(settings.KillMode.ToString()));
        list.Add("KillSignal", settings.KillSignal);
        list.Add("RestartKillSignal", settings.RestartKillSignal ?? settings.KillSignal);
        list.Add("FinalKillSignal", settings.FinalKillSignal);
        list.Add("SendSIGKILL", settings.SendsKill);
        list.Add("SendSIGHUP", settings.SendsHangUp);
        list.Add("WatchdogSignal", settings.WatchdogSignal);
    }

    private static IEnumerable<string> Statuses(ExitStatusSet set) =>
        set.Codes.Order().Select(code => code.ToString(CultureInfo.InvariantCulture)).Concat(set.SignalNumbers.Order().Select(Signals.NameOf));

    private static string Limit(ulong value) => value == ulong.MaxValue ? "infinity" : value.ToString(CultureInfo.InvariantCulture);

    private static string Time(Moment? moment) => moment is { } given ? TimeText.Timestamp(given.Time) : "n/a";

    /// <summary>OnFailure is on-failure.</summary>
    private static string Hyphenated(string word) =>
        string.Concat(word.Select((letter, i) => char.IsAsciiLetterUpper(letter) ? $"{(i > 0 ? "-" : "")}{char.ToLowerInvariant(letter)}" : letter.ToString()));
}
