using System.Collections.Frozen;

namespace Coreutil.Units.Files;

/// <summary>The settings that systemd 252 knows, by section (systemd.directives(7)). What begins with X- is somebody else's and never a mistake.</summary>
public static class KnownSettings
{
    private const string Exec = """
        WorkingDirectory RootDirectory RootImage User Group SupplementaryGroups DynamicUser Nice OOMScoreAdjust IOSchedulingClass IOSchedulingPriority
        CPUSchedulingPolicy CPUSchedulingPriority CPUSchedulingResetOnFork CPUAffinity NUMAPolicy NUMAMask UMask Environment EnvironmentFile PassEnvironment
        UnsetEnvironment StandardInput StandardOutput StandardError StandardInputText StandardInputData LogLevelMax LogExtraFields LogRateLimitIntervalSec
        LogRateLimitBurst LogNamespace SyslogIdentifier SyslogFacility SyslogLevel SyslogLevelPrefix TTYPath TTYReset TTYVHangup TTYVTDisallocate TimerSlackNSec
        CapabilityBoundingSet AmbientCapabilities SecureBits SystemCallFilter SystemCallErrorNumber SystemCallArchitectures SystemCallLog MemoryDenyWriteExecute
        RestrictNamespaces RestrictRealtime RestrictSUIDSGID RestrictAddressFamilies RestrictFileSystems LockPersonality LimitCPU LimitFSIZE LimitDATA LimitSTACK LimitCORE LimitRSS
        LimitNOFILE LimitAS LimitNPROC LimitMEMLOCK LimitLOCKS LimitSIGPENDING LimitMSGQUEUE LimitNICE LimitRTPRIO LimitRTTIME ReadWriteDirectories
        ReadOnlyDirectories InaccessibleDirectories ReadWritePaths ReadOnlyPaths InaccessiblePaths ExecPaths NoExecPaths BindPaths BindReadOnlyPaths
        TemporaryFileSystem PrivateTmp PrivateDevices PrivateNetwork PrivateUsers PrivateMounts PrivateIPC NetworkNamespacePath IPCNamespacePath MountFlags MountAPIVFS ProtectSystem
        ProtectHome ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectClock ProtectControlGroups ProtectHostname ProtectProc ProcSubset
        Personality RuntimeDirectory RuntimeDirectoryMode RuntimeDirectoryPreserve StateDirectory StateDirectoryMode CacheDirectory CacheDirectoryMode
        LogsDirectory LogsDirectoryMode ConfigurationDirectory ConfigurationDirectoryMode SetCredential SetCredentialEncrypted LoadCredential
        LoadCredentialEncrypted TimeoutCleanSec PAMName IgnoreSIGPIPE UtmpIdentifier UtmpMode SELinuxContext AppArmorProfile SmackProcessLabel NoNewPrivileges KeyringMode
        ExtensionImages ExtensionDirectories RootHash RootHashSignature RootVerity CoredumpFilter
        KillMode KillSignal RestartKillSignal SendSIGKILL SendSIGHUP FinalKillSignal WatchdogSignal
        Slice Delegate CPUAccounting CPUWeight StartupCPUWeight CPUShares StartupCPUShares CPUQuota CPUQuotaPeriodSec AllowedCPUs StartupAllowedCPUs AllowedMemoryNodes StartupAllowedMemoryNodes
        MemoryAccounting MemoryMin MemoryLow DefaultMemoryMin DefaultMemoryLow MemoryHigh MemoryMax MemorySwapMax MemoryLimit DeviceAllow DevicePolicy IOAccounting IOWeight
        StartupIOWeight IODeviceWeight IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax IODeviceLatencyTargetSec BlockIOAccounting
        BlockIOWeight StartupBlockIOWeight BlockIODeviceWeight BlockIOReadBandwidth BlockIOWriteBandwidth TasksAccounting TasksMax DisableControllers IPAccounting
        IPAddressAllow IPAddressDeny IPIngressFilterPath IPEgressFilterPath BPFProgram ManagedOOMSwap ManagedOOMMemoryPressure ManagedOOMMemoryPressureLimit
        ManagedOOMPreference SocketBindAllow SocketBindDeny RestrictNetworkInterfaces
        """;

    private static readonly FrozenDictionary<string, FrozenSet<string>> _sections = new Dictionary<string, FrozenSet<string>>
    {
        ["Unit"] = Words("""
            Description Documentation SourcePath Requires Requisite Wants BindsTo BindTo Upholds Conflicts Before After OnFailure OnSuccess PropagatesReloadTo
            PropagateReloadTo ReloadPropagatedFrom PropagateReloadFrom PropagatesStopTo StopPropagatedFrom PartOf JoinsNamespaceOf RequiresOverridable
            RequisiteOverridable RequiresMountsFor StopWhenUnneeded RefuseManualStart RefuseManualStop AllowIsolate DefaultDependencies OnFailureJobMode
            OnSuccessJobMode OnFailureIsolate IgnoreOnIsolate IgnoreOnSnapshot JobTimeoutSec JobRunningTimeoutSec JobTimeoutAction JobTimeoutRebootArgument
            StartLimitIntervalSec StartLimitInterval StartLimitBurst StartLimitAction FailureAction SuccessAction FailureActionExitStatus
            SuccessActionExitStatus RebootArgument CollectMode
            """, Conditions()),
        ["Install"] = Words("Alias WantedBy RequiredBy Also DefaultInstance"),
        ["Service"] = Words("""
            Type ExitType RemainAfterExit GuessMainPID PIDFile BusName ExecCondition ExecStartPre ExecStart ExecStartPost ExecReload ExecStop ExecStopPost
            RestartSec TimeoutStartSec TimeoutStopSec TimeoutAbortSec TimeoutSec TimeoutStartFailureMode TimeoutStopFailureMode RuntimeMaxSec
            RuntimeRandomizedExtraSec WatchdogSec Restart SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus RootDirectoryStartOnly
            NonBlocking NotifyAccess Sockets FileDescriptorStoreMax USBFunctionDescriptors USBFunctionStrings OOMPolicy PermissionsStartOnly
            StartLimitInterval StartLimitBurst StartLimitAction FailureAction RebootArgument BusPolicy SysVStartPriority
            """, Exec),
        ["Socket"] = Words("""
            ListenStream ListenDatagram ListenSequentialPacket ListenFIFO ListenNetlink ListenSpecial ListenMessageQueue ListenUSBFunction SocketProtocol BindIPv6Only
            Backlog BindToDevice SocketUser SocketGroup SocketMode DirectoryMode Accept FlushPending Writable MaxConnections MaxConnectionsPerSource KeepAlive
            KeepAliveTimeSec KeepAliveIntervalSec KeepAliveProbes NoDelay Priority DeferAcceptSec ReceiveBuffer SendBuffer IPTOS IPTTL Mark ReusePort
            SmackLabel SmackLabelIPIn SmackLabelIPOut SELinuxContextFromNet PipeSize MessageQueueMaxMessages MessageQueueMessageSize FreeBind Transparent
            Broadcast PassCredentials PassSecurity PassPacketInfo Timestamping TCPCongestion ExecStartPre ExecStartPost ExecStopPre ExecStopPost TimeoutSec
            Service RemoveOnStop Symlinks FileDescriptorName TriggerLimitIntervalSec TriggerLimitBurst
            """, Exec),
        ["Timer"] = Words("""
            OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec OnUnitInactiveSec OnCalendar AccuracySec RandomizedDelaySec FixedRandomDelay OnClockChange
            OnTimezoneChange Unit Persistent WakeSystem RemainAfterElapse
            """),
        ["Path"] = Words("PathExists PathExistsGlob PathChanged PathModified DirectoryNotEmpty Unit MakeDirectory DirectoryMode TriggerLimitIntervalSec TriggerLimitBurst"),
        ["Mount"] = Words("What Where Type Options SloppyOptions LazyUnmount ReadWriteOnly ForceUnmount DirectoryMode TimeoutSec", Exec),
        ["Automount"] = Words("Where ExtraOptions DirectoryMode TimeoutIdleSec"),
        ["Slice"] = Words("", Exec),
        ["Swap"] = Words("What Priority Options TimeoutSec", Exec),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool HasSection(string section) => _sections.ContainsKey(section);

    /// <summary>What is wrong with the name, in systemd's words; null when nothing is.</summary>
    public static string? Problem(UnitOption option)
    {
        if (option.Section.StartsWith("X-", StringComparison.Ordinal) || option.Name.StartsWith("X-", StringComparison.Ordinal))
        {
            return null;
        }

        return !_sections.TryGetValue(option.Section, out var names) ? $"Unknown section '{option.Section}'. Ignoring."
            : names.Contains(option.Name) ? null
            : $"Unknown key '{option.Name}' in section [{option.Section}], ignoring.";
    }

    private static string Conditions()
    {
        const string kinds = """
            PathExists PathExistsGlob PathIsDirectory PathIsSymbolicLink PathIsMountPoint PathIsReadWrite PathIsEncrypted DirectoryNotEmpty FileNotEmpty
            FileIsExecutable NeedsUpdate FirstBoot KernelCommandLine KernelVersion Architecture Firmware Virtualization Security Capability Host ACPower Memory
            CPUFeature CPUs Environment User Group ControlGroupController OSRelease MemoryPressure CPUPressure IOPressure
            """;
        return string.Join(' ', Split(kinds).SelectMany(kind => (string[])[$"Condition{kind}", $"Assert{kind}"]));
    }

    private static FrozenSet<string> Words(params string[] lists) => lists.SelectMany(Split).ToFrozenSet(StringComparer.Ordinal);

    private static string[] Split(string list) => list.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
}
