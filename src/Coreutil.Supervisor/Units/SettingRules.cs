using System.Collections.Frozen;
using System.Globalization;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>What becomes of a value at fault.</summary>
internal enum FaultEffect
{
    /// <summary>The line, or the word of a list, is as if it were not there.</summary>
    Ignored,

    /// <summary>It counts all the same.</summary>
    Kept,

    /// <summary>The unit is not loaded (bad-setting).</summary>
    Refused,
}

/// <summary>Something wrong with a value, in systemd's words.</summary>
internal sealed record SettingFault(string What, FaultEffect Effect = FaultEffect.Ignored)
{
    /// <summary>What could stand there instead, for whoever reads it.</summary>
    public string Advice { get; init; } = "";
}

/// <summary>
/// Which values a setting takes, and what becomes of others: texts and effects are those of systemd 252's parser, as `systemd-analyze verify` prints them.
/// Of settings that unitd leaves alone those are checked whose values are simple.
/// </summary>
internal sealed class SettingRules(SpecifierContext specifiers)
{
    /// <summary>A value, or one word of it, and where it stands.</summary>
    private readonly record struct Value(string Text, string Setting, string Unit, SpecifierContext Context)
    {
        public bool AreSpecifiersKnown => Specifiers.AreKnown(Text, Unit, Context);

        public Value Expanded() => this with { Text = Specifiers.Expand(Text, Unit, Context) };
    }

    /// <param name="Check">The fault of a value; null where there is none.</param>
    /// <param name="Split">How a list falls into words, each of which is checked; null for a single value.</param>
    private sealed record Rule(Func<Value, SettingFault?> Check, Func<string, IEnumerable<string>>? Split = null);

    private static readonly FrozenDictionary<string, string> _names = new Dictionary<string, string>
    {
        ["BindTo"] = "BindsTo",
        ["PropagateReloadTo"] = "PropagatesReloadTo",
        ["PropagateReloadFrom"] = "ReloadPropagatedFrom",
        ["RequiresOverridable"] = "Requires",
        ["RequisiteOverridable"] = "Requisite",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, Rule> _rules = CreateRules();

    /// <summary>In [Service] these names mean something else.</summary>
    private static readonly FrozenDictionary<string, Rule> _rulesOfServices = new Dictionary<string, Rule>
    {
        ["Type"] = Choice("service type", "simple exec forking oneshot dbus notify idle"),
        ["TimeoutSec"] = Parsed("TimeoutSec= parameter", IsSpan),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public IEnumerable<SettingFault> FaultsOf(string unit, UnitOption option)
    {
        if (option.Name.EndsWith("Overridable", StringComparison.Ordinal) && _names.TryGetValue(option.Name, out string? today))
        {
            yield return new($"Unit dependency type {option.Name}= is obsolete, replacing by {today}=, please update your unit file", FaultEffect.Kept);
        }

        if (Find(option) is { } rule)
        {
            foreach (string word in rule.Split?.Invoke(option.Value) ?? [option.Value])
            {
                if (rule.Check(new(word, option.Name, unit, specifiers)) is { } fault)
                {
                    yield return fault;
                }
            }
        }
    }

    /// <summary>The option as it counts, under its name of today; null where it does not.</summary>
    /// <param name="refusals">Takes what keeps the unit from being loaded.</param>
    public UnitOption? Sound(string unit, UnitOption option, List<string> refusals)
    {
        var sound = _names.TryGetValue(option.Name, out string? today) ? option with { Name = today } : option;
        if (Find(option) is not { } rule)
        {
            return sound;
        }

        if (rule.Split is not null)
        {
            string[] words = [.. rule.Split(option.Value)];
            string[] good = [.. words.Where(word => IsSound(word))];
            return good.Length == words.Length ? sound : good.Length == 0 ? null : sound with { Value = string.Join(' ', good) };
        }

        return IsSound(option.Value) ? sound : null;

        bool IsSound(string text)
        {
            var fault = rule.Check(new(text, option.Name, unit, specifiers));
            if (fault?.Effect == FaultEffect.Refused)
            {
                refusals.Add(fault.What);
            }

            return fault is not { Effect: FaultEffect.Ignored };
        }
    }

    /// <summary>An empty value takes back what stood before it, which is always right.</summary>
    private static Rule? Find(UnitOption option) =>
        option.Value.Length == 0 || !KnownSettings.HasSection(option.Section) ? null
        : option.Section == "Service" && _rulesOfServices.TryGetValue(option.Name, out var ofServices) ? ofServices
        : _rules.GetValueOrDefault(option.Name);

    private static FrozenDictionary<string, Rule> CreateRules()
    {
        var rules = new Dictionary<string, Rule>(StringComparer.Ordinal);

        Add(Parsed("boolean value", text => UnitSection.Boolean(text) is not null), """
            RemainAfterExit GuessMainPID SendSIGKILL SendSIGHUP IgnoreSIGPIPE StopWhenUnneeded RefuseManualStart RefuseManualStop AllowIsolate DefaultDependencies
            IgnoreOnIsolate SyslogLevelPrefix PermissionsStartOnly RootDirectoryStartOnly NonBlocking TTYReset TTYVHangup TTYVTDisallocate NoNewPrivileges PrivateTmp
            PrivateDevices PrivateNetwork PrivateUsers PrivateMounts PrivateIPC ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectClock
            ProtectControlGroups ProtectHostname MemoryDenyWriteExecute RestrictRealtime RestrictSUIDSGID LockPersonality MountAPIVFS CPUSchedulingResetOnFork
            CPUAccounting MemoryAccounting IOAccounting BlockIOAccounting TasksAccounting IPAccounting
            Persistent WakeSystem RemainAfterElapse FixedRandomDelay OnClockChange OnTimezoneChange MakeDirectory
            Accept RemoveOnStop Writable FlushPending KeepAlive NoDelay ReusePort FreeBind Transparent Broadcast PassCredentials PassSecurity PassPacketInfo
            LazyUnmount SloppyOptions ForceUnmount ReadWriteOnly
            """);
        Add(Parsed("sec value", IsSpan), """
            RestartSec RuntimeMaxSec RuntimeRandomizedExtraSec WatchdogSec StartLimitIntervalSec StartLimitInterval AccuracySec RandomizedDelaySec
            TriggerLimitIntervalSec LogRateLimitIntervalSec KeepAliveTimeSec KeepAliveIntervalSec DeferAcceptSec
            """);
        Add(Parsed("time value", IsSpan), "TimeoutStopSec TimeoutSec TimeoutIdleSec");
        foreach (string setting in (string[])["TimeoutStartSec", "JobTimeoutSec", "JobRunningTimeoutSec"])
        {
            Add(Parsed($"{setting}= parameter", IsSpan), setting);
        }

        Add(Parsed("TimeoutAbortSec= setting", IsSpan), "TimeoutAbortSec");
        Add(Parsed("unsigned value", text => NumberText.ParseUnsigned(text) <= uint.MaxValue), """
            StartLimitBurst TriggerLimitBurst LogRateLimitBurst MaxConnections MaxConnectionsPerSource Backlog KeepAliveProbes FileDescriptorStoreMax
            """);
        Add(Parsed("int value", text => NumberText.ParseSigned(text) is >= int.MinValue and <= int.MaxValue), "IPTTL Mark Priority");
        Add(Parsed("mode value", text => UnitSection.Mode(text) is not null), """
            UMask DirectoryMode SocketMode RuntimeDirectoryMode StateDirectoryMode CacheDirectoryMode LogsDirectoryMode ConfigurationDirectoryMode
            """);
        Add(Parsed("signal name", text => Signals.Parse(text) is not null), "KillSignal RestartKillSignal FinalKillSignal WatchdogSignal");
        Add(Parsed("log level", text => Priorities.Parse(text) is not null), "SyslogLevel LogLevelMax");
        Add(new(LimitFault), string.Join(' ', LimitText.Settings));
        Add(new(NiceFault), "Nice");
        Add(new(OomFault), "OOMScoreAdjust");

        Add(Choice("service restart specifier", "no always on-success on-failure on-abnormal on-abort on-watchdog"), "Restart");
        Add(Choice("kill mode specification", "control-group mixed process none"), "KillMode");
        Add(Choice("notify access specifier", "none main exec all"), "NotifyAccess");
        Add(Choice("service exit type", "main cgroup"), "ExitType");
        Add(Choice("timeout failure mode", "terminate abort kill"), "TimeoutStartFailureMode TimeoutStopFailureMode");
        Add(Choice("OOM policy", "continue stop kill"), "OOMPolicy");
        Add(Choice("runtime directory preserve mode", "no yes restart", takesBooleans: true), "RuntimeDirectoryPreserve");
        Add(Choice("job mode", "fail replace replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering"), "OnFailureJobMode OnSuccessJobMode");
        Add(Choice("garbage collection mode", "inactive inactive-or-failed"), "CollectMode");
        foreach (string setting in (string[])["StartLimitAction", "FailureAction", "SuccessAction", "JobTimeoutAction"])
        {
            Add(Choice($"{setting}=", "none reboot reboot-force reboot-immediate poweroff poweroff-force poweroff-immediate exit exit-force"), setting);
        }

        Add(Choice("protect system value", "no yes full strict", takesBooleans: true), "ProtectSystem");
        Add(Choice("protect home value", "no yes read-only tmpfs", takesBooleans: true), "ProtectHome");
        Add(Choice("CPU scheduling policy", "other batch idle fifo rr"), "CPUSchedulingPolicy");
        Add(Choice("IO scheduling class", "none realtime best-effort idle"), "IOSchedulingClass");
        Add(Choice("device policy", "auto closed strict"), "DevicePolicy");
        Add(Choice("bind IPv6 only value", "default both ipv6-only", takesBooleans: true), "BindIPv6Only");
        Add(Choice("socket protocol", "udplite sctp mptcp"), "SocketProtocol");

        Add(new(DependencyFault, UnitSection.SplitWords), """
            Requires Requisite Wants BindsTo BindTo Upholds Conflicts Before After OnFailure OnSuccess PropagatesReloadTo PropagateReloadTo ReloadPropagatedFrom
            PropagateReloadFrom PropagatesStopTo StopPropagatedFrom PartOf JoinsNamespaceOf RequiresOverridable RequisiteOverridable
            """);
        Add(new(UrlFault, UnitSection.SplitWords), "Documentation");
        Add(new(Resolving('\'', value => PathFault(value)), UnitSection.SplitWords), "RequiresMountsFor");
        foreach (string kind in (string[])["Condition", "Assert"])
        {
            Add(new(ConditionFault(Resolving(null, value => PathFault(value)))), Prefixed(kind, """
                PathExists PathExistsGlob PathIsDirectory PathIsSymbolicLink PathIsMountPoint PathIsReadWrite PathIsEncrypted DirectoryNotEmpty FileNotEmpty
                FileIsExecutable NeedsUpdate
                """));
            Add(new(ConditionFault(Resolving('\'', _ => null))), Prefixed(kind, "Host User Group Architecture Virtualization KernelVersion KernelCommandLine Environment"));
        }

        Add(new(ExitStatusFault, UnitSection.SplitWords), "SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus");
        Add(new(ActionStatusFault), "SuccessActionExitStatus FailureActionExitStatus");

        Add(new(Resolving('\'', _ => null)), "Description SyslogIdentifier UtmpIdentifier What Options Type ExtraOptions");
        Add(new(Resolving(null, UserFault, FaultEffect.Refused)), "User Group SocketUser SocketGroup");
        Add(new(Resolving(null, UserFault, FaultEffect.Refused), UnitSection.SplitWords), "SupplementaryGroups");
        Add(new(WorkingDirectoryFault), "WorkingDirectory");
        Add(new(Resolving('\'', value => PathFault(value, FaultEffect.Refused), FaultEffect.Refused)), "RootDirectory RootImage");
        Add(new(Resolving('\'', PidFileFault)), "PIDFile");
        Add(new(Resolving('\'', value => PathFault(value with { Text = value.Text.StartsWith('-') ? value.Text[1..] : value.Text }))), "EnvironmentFile");
        Add(new(Resolving('\'', value => PathFault(value))), "TTYPath ListenFIFO ListenSpecial ListenMessageQueue NetworkNamespacePath");
        Add(new(Resolving('\'', value => PathFault(value)), UnitSection.SplitWords), "Symlinks");
        Add(new(Resolving(null, value => PathFault(value))), "PathExists PathExistsGlob PathChanged PathModified DirectoryNotEmpty");
        Add(new(AccessPathFault, UnitSection.SplitWords), """
            ReadWritePaths ReadOnlyPaths InaccessiblePaths ExecPaths NoExecPaths ReadWriteDirectories ReadOnlyDirectories InaccessibleDirectories
            """);
        Add(new(Resolving('"', DirectoryFault), UnitSection.SplitWords), "RuntimeDirectory StateDirectory CacheDirectory LogsDirectory ConfigurationDirectory");
        Add(new(VariableNameFault, UnitSection.SplitWords), "PassEnvironment UnsetEnvironment");
        Add(new(InputFault), "StandardInput");
        Add(new(OutputFault), "StandardOutput StandardError");
        Add(new(Resolving('\'', DescriptorNameFault)), "FileDescriptorName");

        Add(new(Resolving(null, value => UnitName.HasType(value.Text) ? null : new($"Unit type not valid, ignoring: {value.Text}"))), "Unit");
        Add(new(Resolving(null, value => TypeFault(value, "service")
            ?? (UnitName.IsTemplate(value.Text) ? new($"Failed to load unit {value.Text}, ignoring: Unit name {value.Text} is missing the instance name.") : null))), "Service");
        Add(new(Resolving('\'', value => TypeFault(value, "socket")), UnitSection.SplitWords), "Sockets");
        Add(new(Resolving(null, SliceFault)), "Slice");
        Add(new(Resolving('\'', value => IsSpan(value.Text) ? null : new($"Failed to parse timer value, ignoring: {value.Text}"))), "OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec OnUnitInactiveSec");
        Add(new(Resolving('\'', value => CalendarSpec.TryParse(value.Text) is null ? new($"Failed to parse calendar specification, ignoring: {value.Text}") : null)), "OnCalendar");
        Add(new(Resolving('\'', AddressFault)), "ListenStream ListenDatagram ListenSequentialPacket");

        Add(new(value => IsMemory(value.Text) ? null : new($"Invalid memory limit '{value.Text}', ignoring: {SystemError.InvalidArgument}")), "MemoryMin MemoryLow MemoryHigh MemoryMax MemorySwapMax MemoryLimit");
        Add(new(value => IsWeight(value.Text) || value.Text == "idle" ? null : new($"Invalid CPU weight, ignoring: {value.Text}")), "CPUWeight StartupCPUWeight");
        Add(new(value => IsWeight(value.Text) ? null : new($"Invalid weight, ignoring: {value.Text}")), "IOWeight StartupIOWeight");
        Add(new(value => ShareOf(value.Text) > 0 ? null : new($"Invalid CPU quota '{value.Text}', ignoring.")), "CPUQuota");
        return rules.ToFrozenDictionary(StringComparer.Ordinal);

        void Add(Rule rule, string settings)
        {
            foreach (string setting in UnitSection.SplitWords(settings))
            {
                rules.Add(setting, rule);
            }
        }

        static string Prefixed(string prefix, string kinds) => string.Join(' ', UnitSection.SplitWords(kinds).Select(kind => prefix + kind));
    }

    private static Rule Parsed(string kind, Func<string, bool> isValid) => new(value => isValid(value.Text) ? null : new($"Failed to parse {kind}, ignoring: {value.Text}"));

    private static Rule Choice(string kind, string values, bool takesBooleans = false)
    {
        string[] choices = values.Split(' ');
        return new(value => choices.Contains(value.Text) || (takesBooleans && UnitSection.Boolean(value.Text) is not null) ? null
            : new($"Failed to parse {kind}, ignoring: {value.Text}") { Advice = $"one of {string.Join(", ", choices)}" });
    }

    /// <summary>Checks the value with its specifiers filled in; of unknown ones systemd tells by the value, with or without quotes.</summary>
    private static Func<Value, SettingFault?> Resolving(char? quote, Func<Value, SettingFault?> check, FaultEffect effect = FaultEffect.Ignored) => value =>
        value.AreSpecifiersKnown ? check(value.Expanded()) : Unresolved($"unit specifiers in {quote}{value.Text}{quote}", effect);

    private static SettingFault Unresolved(string what, FaultEffect effect = FaultEffect.Ignored) =>
        new($"Failed to resolve {what}{(effect == FaultEffect.Ignored ? ", ignoring" : "")}: Invalid slot", effect) { Advice = "a percent sign is written %%" };

    private static bool IsSpan(string text) => TimeSpanText.TryParse(text, out _);

    private static SettingFault? LimitFault(Value value) => LimitText.Parse(value.Setting, value.Text) switch
    {
        null => new($"Failed to parse resource value, ignoring: {value.Text}"),
        { } limit when limit.Soft > limit.Hard => new($"Soft resource limit chosen higher than hard limit, ignoring: {value.Text}"),
        _ => null,
    };

    private static SettingFault? NiceFault(Value value) => NumberText.ParseSigned(value.Text) switch
    {
        null => new($"Failed to parse nice priority '{value.Text}', ignoring: {SystemError.InvalidArgument}"),
        < -20 or > 19 => new($"Nice priority out of range, ignoring: {value.Text}") { Advice = "-20 to 19" },
        _ => null,
    };

    private static SettingFault? OomFault(Value value) => NumberText.ParseSigned(value.Text) switch
    {
        null => new($"Failed to parse the OOM score adjust value '{value.Text}', ignoring: {SystemError.InvalidArgument}"),
        < -1000 or > 1000 => new($"OOM score adjust value out of range, ignoring: {value.Text}") { Advice = "-1000 to 1000" },
        _ => null,
    };

    private static SettingFault? DependencyFault(Value word) =>
        !word.AreSpecifiersKnown ? Unresolved($"unit specifiers in '{word.Text}'")
        : word.Expanded().Text is var name && UnitName.IsValid(name) ? null
        : new($"Failed to add dependency on {name}, ignoring: {SystemError.InvalidArgument}")
        {
            Advice = UnitName.HasType(name) ? "no name of a unit" : "a name ends in its type, such as .service",
        };

    private static SettingFault? UrlFault(Value word) =>
        ((string[])["http://", "https://", "file:/", "info:", "man:"]).Any(scheme => word.Text.StartsWith(scheme, StringComparison.Ordinal)) ? null
        : new($"Invalid URL, ignoring: {word.Text}");

    /// <summary>A condition's value stands behind its marks.</summary>
    private static Func<Value, SettingFault?> ConditionFault(Func<Value, SettingFault?> check) => value => check(value with { Text = UnitCondition.Parse(value.Setting, value.Text).Argument });

    private static SettingFault? PathFault(Value value, FaultEffect effect = FaultEffect.Ignored)
    {
        string? fault = !value.Text.StartsWith('/') ? "absolute" : LeadsUp(value.Text) ? "normalized" : null;
        return fault is null ? null : new($"{value.Setting}= path is not {fault}{(effect == FaultEffect.Ignored ? ", ignoring" : "")}: {value.Text}", effect);
    }

    private static bool LeadsUp(string path) => path.Split('/').Contains("..");

    private static SettingFault? PidFileFault(Value value) => PathFault(value with { Text = Path.Combine("/run", value.Text) });

    private static SettingFault? WorkingDirectoryFault(Value value)
    {
        bool isOptional = value.Text.StartsWith('-');
        var effect = isOptional ? FaultEffect.Ignored : FaultEffect.Refused;
        var directory = value with { Text = isOptional ? value.Text[1..] : value.Text };
        return directory.Text == "~" ? null
            : directory.AreSpecifiersKnown ? PathFault(directory.Expanded(), effect)
            : Unresolved($"unit specifiers in working directory path '{directory.Text}'", effect);
    }

    /// <summary>systemd's wider rules for names of users and groups, which take whatever no file of them would mistake.</summary>
    private static SettingFault? UserFault(Value value)
    {
        string name = value.Text;
        bool isNumber = name.All(char.IsAsciiDigit);
        bool isValid = isNumber ? NumberText.ParseUnsigned(name) is < uint.MaxValue and not ushort.MaxValue
            : name is not ("." or "..") && !name.AsSpan().ContainsAny(":/") && !name.Any(char.IsControl) && !(name[0] == '-' && name.Skip(1).All(char.IsAsciiDigit));
        return isValid ? null : new($"Invalid user/group name or numeric ID: {name}", FaultEffect.Refused);
    }

    private static SettingFault? AccessPathFault(Value word) => Resolving(null, value => PathFault(value))(word with { Text = word.Text.TrimStart('-', '+') });

    private static SettingFault? DirectoryFault(Value word) =>
        word.Text.StartsWith('/') ? new($"{word.Setting}= path is absolute, ignoring: {word.Text}")
        : LeadsUp(word.Text) || word.Text == "." ? new($"{word.Setting}= path is not normalized, ignoring: {word.Text}")
        : word.Text.Split('/')[0] == "private" ? new($"{word.Setting}= path can't be 'private', ignoring assignment: {word.Text}")
        : null;

    private static SettingFault? VariableNameFault(Value word)
    {
        if (!word.AreSpecifiersKnown)
        {
            return Unresolved($"specifiers in {word.Text}");
        }

        string text = word.Expanded().Text;
        return word.Setting == "UnsetEnvironment"
            ? EnvironmentText.IsName(text.Split('=')[0]) ? null : new($"Invalid environment name or assignment {word.Setting}, ignoring: {text}")
            : EnvironmentText.IsName(text) ? null : new($"Invalid environment name for {word.Setting}, ignoring: {text}");
    }

    private static SettingFault? ExitStatusFault(Value word) => ExitStatusSet.Parse(word.Text) is (null, null) ? new($"Failed to parse value, ignoring: {word.Text}") : null;

    private static SettingFault? ActionStatusFault(Value value) => NumberText.ParseSigned(value.Text) switch
    {
        null => new($"Failed to parse exit status '{value.Text}', ignoring: {SystemError.InvalidArgument}"),
        < 0 or > 255 => new($"Failed to parse exit status '{value.Text}', ignoring: {SystemError.OutOfRange}"),
        _ => null,
    };

    private static SettingFault? InputFault(Value value) => value.Text.Split(':', 2) switch
    {
        ["null" or "tty" or "tty-force" or "tty-fail" or "socket" or "data"] => null,
        ["fd", ..] or ["file", _] => StreamFault(value),
        _ => new($"Failed to parse input specifier, ignoring: {value.Text}"),
    };

    private static SettingFault? OutputFault(Value value) => value.Text.Split(':', 2) switch
    {
        ["inherit" or "null" or "tty" or "journal" or "journal+console" or "kmsg" or "kmsg+console" or "socket"] => null,
        ["syslog" or "syslog+console"] => new(
            $"Standard output type {value.Text} is obsolete, automatically updating to {value.Text.Replace("syslog", "journal", StringComparison.Ordinal)}. Please update your unit file, and consider removing the setting altogether.",
            FaultEffect.Kept),
        ["fd", ..] or ["file" or "append" or "truncate", _] => StreamFault(value),
        _ => new($"Failed to parse output specifier, ignoring: {value.Text}"),
    };

    private static SettingFault? StreamFault(Value value)
    {
        string[] parts = value.Text.Split(':', 2);
        var named = value with { Text = parts.Length == 2 ? parts[1] : "" };
        if (parts[0] == "fd")
        {
            return parts.Length == 2 ? Resolving('\'', DescriptorNameFault)(named) : null;
        }

        // The text is the one for what is fatal; it is ignored all the same.
        return Resolving('\'', path => PathFault(path, FaultEffect.Refused))(named) is { } fault ? fault with { Effect = FaultEffect.Ignored } : null;
    }

    private static SettingFault? DescriptorNameFault(Value value) =>
        value.Text.Length < 256 && value.Text.All(character => character is >= ' ' and < (char)127 and not ':') ? null : new($"Invalid file descriptor name, ignoring: {value.Text}");

    private static SettingFault? TypeFault(Value value, string type) => value.Text.EndsWith($".{type}", StringComparison.Ordinal) ? null
        : new($"Unit must be of type {type}, ignoring: {value.Text}");

    private static SettingFault? SliceFault(Value value) =>
        !UnitName.IsValid(value.Text) ? new($"Failed to load slice unit {value.Text}, ignoring: Unit name {value.Text} is not valid.")
        : UnitName.Suffix(value.Text) != "slice" ? new($"Failed to assign slice {value.Text} to unit {value.Unit}, ignoring: {SystemError.InvalidArgument}")
        : null;

    private static SettingFault? AddressFault(Value value) => ListenAddress.Parse(value.Text) switch
    {
        ({ } address, _) => value.Setting == "ListenSequentialPacket" && address.AddressFamily != System.Net.Sockets.AddressFamily.Unix
            ? new($"Address family not supported, ignoring: {value.Text}") : null,
        (_, var fault) => new($"Failed to parse address value in '{value.Text}', ignoring: {fault}"),
    };

    private static bool IsMemory(string text) => text == "infinity" || SizeText.Parse(text) is not null || ShareOf(text) is not null;

    private static bool IsWeight(string text) => NumberText.ParseUnsigned(text) is >= 1 and <= 10_000;

    /// <summary>The number before a percent sign.</summary>
    private static decimal? ShareOf(string text) =>
        text.EndsWith('%') && decimal.TryParse(text.AsSpan(..^1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal share) ? share : null;
}
