using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>From a unit file to what the supervisor runs. Settings that systemd knows and this supervisor does not are left alone, as systemd does.</summary>
public sealed class UnitDefinitionLoader(SpecifierContext specifiers)
{
    private static readonly (string Setting, int Resource)[] _limits =
    [
        ("LimitCPU", 0), ("LimitFSIZE", 1), ("LimitDATA", 2), ("LimitSTACK", 3), ("LimitCORE", 4), ("LimitNPROC", 6), ("LimitNOFILE", 7), ("LimitMEMLOCK", 8), ("LimitAS", 9),
    ];

    /// <summary>Reads <paramref name="text"/> as the unit <paramref name="name"/>; an instance is read from its template's text.</summary>
    public UnitDefinition Load(string name, string path, string text)
    {
        var definition = new UnitDefinition { Name = name, Path = path };
        switch (UnitFileParser.Parse(text))
        {
            case UnitFileResult.Refused refused:
                return definition with
                {
                    LoadState = "bad-setting",
                    LoadError = $"{path}:{refused.Failure.Line}:{refused.Failure.Column}: {refused.Failure.What}",
                };
            case UnitFileResult.Parsed parsed:
                definition = definition with
                {
                    Description = Expand(name, parsed.File.Value("Unit", "Description") ?? name),
                    Dependencies = ReadDependencies(name, parsed.File),
                };
                return UnitName.Suffix(name) switch
                {
                    "target" => definition,
                    "service" => ReadService(definition, parsed.File),
                    var type => definition with { LoadState = "error", LoadError = $"{path}: units of type {type} are not built yet" },
                };
            default:
                throw new InvalidOperationException("unknown result");
        }
    }

    private UnitDependencies ReadDependencies(string name, UnitFile file)
    {
        return new()
        {
            Requires = Names("Requires"),
            Requisite = Names("Requisite"),
            Wants = Names("Wants"),
            BindsTo = Names("BindsTo"),
            PartOf = Names("PartOf"),
            Conflicts = Names("Conflicts"),
            After = Names("After"),
            Before = Names("Before"),
            OnFailure = Names("OnFailure"),
        };

        ImmutableArray<string> Names(string setting) =>
            [.. file.ListValues("Unit", setting).SelectMany(value => value.Split(' ', '\t').Where(word => word.Length > 0).Select(word => Expand(name, word)))];
    }

    private UnitDefinition ReadService(UnitDefinition definition, UnitFile file)
    {
        string name = definition.Name;
        var settings = new ServiceSettings();
        var context = new ServiceContext();
        var problem = new List<string>();
        var commands = new Dictionary<string, ImmutableArray<ServiceCommand>>();
        foreach (string setting in (string[])["ExecStartPre", "ExecStart", "ExecStartPost", "ExecStop", "ExecStopPost"])
        {
            commands[setting] = ReadCommands(name, file, setting, problem);
        }

        string type = file.Value("Service", "Type") ?? "simple";
        ServiceType? serviceType = type switch
        {
            "simple" => ServiceType.Simple,
            "exec" => ServiceType.Exec,
            "idle" => ServiceType.Idle,
            "oneshot" => ServiceType.Oneshot,
            _ => null,
        };
        if (serviceType is null)
        {
            problem.Add(type is "forking" or "notify" or "dbus" ? $"Type={type} is not built yet" : $"Type={type} is no service type");
        }

        bool isOneshot = serviceType == ServiceType.Oneshot;
        if (commands["ExecStart"].Length == 0 && !(isOneshot && commands["ExecStop"].Length > 0))
        {
            problem.Add("Service has no ExecStart= setting. Refusing.");
        }

        if (commands["ExecStart"].Length > 1 && !isOneshot)
        {
            problem.Add("Service has more than one ExecStart= setting, which is only allowed for Type=oneshot services. Refusing.");
        }

        var restart = One("Restart", "no") switch
        {
            "no" => RestartMode.No,
            "always" => RestartMode.Always,
            "on-success" => RestartMode.OnSuccess,
            "on-failure" => RestartMode.OnFailure,
            "on-abnormal" => RestartMode.OnAbnormal,
            "on-abort" => RestartMode.OnAbort,
            "on-watchdog" => RestartMode.OnWatchdog,
            _ => Ignore("Restart", RestartMode.No),
        };
        if (isOneshot && (restart is RestartMode.Always or RestartMode.OnSuccess))
        {
            problem.Add("Service has Restart= set to either always or on-success, which isn't allowed for Type=oneshot services. Refusing.");
        }

        var both = Span("TimeoutSec", null, zeroIsInfinite: true);
        settings = settings with
        {
            Type = serviceType ?? ServiceType.Simple,
            StartPre = commands["ExecStartPre"],
            Start = commands["ExecStart"],
            StartPost = commands["ExecStartPost"],
            Stop = commands["ExecStop"],
            StopPost = commands["ExecStopPost"],
            Restart = restart,
            RestartDelay = Span("RestartSec", settings.RestartDelay, zeroIsInfinite: false) ?? TimeSpan.MaxValue / 4,
            StartTimeout = Span("TimeoutStartSec", both ?? (isOneshot ? null : settings.StartTimeout), zeroIsInfinite: true),
            StopTimeout = Span("TimeoutStopSec", both ?? settings.StopTimeout, zeroIsInfinite: true),
            RemainsAfterExit = Flag("RemainAfterExit", false),
            KillMode = One("KillMode", "control-group") switch
            {
                "mixed" => KillMode.Mixed,
                "process" => KillMode.Process,
                "none" => KillMode.None,
                _ => KillMode.ControlGroup,
            },
            KillSignal = Signals.Parse(One("KillSignal", "SIGTERM")) ?? Ignore("KillSignal", Signals.Terminate),
            SendsKill = Flag("SendSIGKILL", true),
            SendsHangUp = Flag("SendSIGHUP", false),
            SuccessStatuses = Statuses("SuccessExitStatus"),
            RestartPreventStatuses = Statuses("RestartPreventExitStatus"),
            RestartForceStatuses = Statuses("RestartForceExitStatus"),
            StartLimitBurst = int.TryParse(Either("StartLimitBurst"), NumberStyles.None, CultureInfo.InvariantCulture, out int burst) ? burst : settings.StartLimitBurst,
            StartLimitInterval = TimeSpanText.TryParse(Either("StartLimitIntervalSec") ?? Either("StartLimitInterval") ?? "10", out var interval)
                ? interval ?? TimeSpan.MaxValue / 4
                : settings.StartLimitInterval,
        };
        string? directory = file.Value("Service", "WorkingDirectory") is { Length: > 0 } given ? Expand(name, given) : null;
        context = context with
        {
            Environment = [.. file.ListValues("Service", "Environment").SelectMany(value => EnvironmentText.ParseAssignments(value, word => Expand(name, word)))],
            EnvironmentFiles = [.. file.ListValues("Service", "EnvironmentFile").Select(value => Expand(name, value))
                .Select(value => new EnvironmentFileReference(value.TrimStart('-'), value.StartsWith('-')))],
            User = file.Value("Service", "User"),
            Group = file.Value("Service", "Group"),
            WorkingDirectory = directory?.TrimStart('-'),
            IsWorkingDirectoryOptional = directory?.StartsWith('-') == true,
            FileMask = file.Value("Service", "UMask") is { } mask ? Convert.ToUInt32(mask, 8) : context.FileMask,
            Nice = Number("Nice"),
            OomScoreAdjust = Number("OOMScoreAdjust"),
            Limits = [.. _limits.Select(limit => (limit.Resource, Text: file.Value("Service", limit.Setting)))
                .Where(limit => limit.Text is { Length: > 0 }).Select(limit => ReadLimit(limit.Resource, limit.Text!))],
        };
        definition = definition with { Service = settings, Context = context };
        return problem.Count == 0 ? definition : definition with { LoadState = "bad-setting", LoadError = $"{definition.Path}: {string.Join("; ", problem)}" };

        string One(string setting, string otherwise) => file.Value("Service", setting) is { Length: > 0 } value ? value : otherwise;
        string? Either(string setting) => file.Value("Unit", setting) ?? file.Value("Service", setting);
        bool Flag(string setting, bool otherwise) => One(setting, "") switch
        {
            "1" or "yes" or "y" or "true" or "t" or "on" => true,
            "0" or "no" or "n" or "false" or "f" or "off" => false,
            _ => otherwise,
        };
        int? Number(string setting) => int.TryParse(One(setting, ""), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null;
        TimeSpan? Span(string setting, TimeSpan? otherwise, bool zeroIsInfinite) => !TimeSpanText.TryParse(One(setting, ""), out var span)
            ? otherwise
            : zeroIsInfinite && span == TimeSpan.Zero ? null : span;
        ExitStatusSet Statuses(string setting) => ReadStatuses(file.ListValues("Service", setting));
        T Ignore<T>(string setting, T otherwise)
        {
            problem.Add($"{setting}={file.Value("Service", setting)} is not a value of this setting");
            return otherwise;
        }
    }

    private ImmutableArray<ServiceCommand> ReadCommands(string name, UnitFile file, string setting, List<string> problem)
    {
        var commands = ImmutableArray.CreateBuilder<ServiceCommand>();
        foreach (string value in file.ListValues("Service", setting))
        {
            switch (ExecLine.Parse(value, word => Expand(name, word)))
            {
                case ExecLineResult.Parsed parsed:
                    commands.AddRange(parsed.Commands.Select(line => new ServiceCommand(line.Path, line.Words, line.IsFailureIgnored, line.IsLiteral)));
                    break;
                case ExecLineResult.Refused refused when setting == "ExecStart":
                    problem.Add($"{setting}= {refused.What}");
                    break;
            }
        }

        return commands.ToImmutable();
    }

    private static ExitStatusSet ReadStatuses(IEnumerable<string> values)
    {
        string[] words = [.. values.SelectMany(value => value.Split(' ', '\t').Where(word => word.Length > 0))];
        return new(
            words.Select(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int code) ? code : ExitCodeNames.Parse(word))
                .OfType<int>().ToFrozenSet(),
            words.Where(word => !char.IsAsciiDigit(word[0])).Select(Signals.Parse).OfType<int>().ToFrozenSet());
    }

    private static ResourceLimit ReadLimit(int resource, string text)
    {
        string[] parts = text.Split(':', 2);
        ulong soft = Value(parts[0]);
        return new(resource, soft, parts.Length == 2 ? Value(parts[1]) : soft);

        static ulong Value(string word) => ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : ulong.MaxValue;
    }

    private string Expand(string name, string text) => Specifiers.Expand(text, name, specifiers);
}
