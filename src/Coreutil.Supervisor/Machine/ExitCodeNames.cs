namespace Coreutil.Supervisor.Machine;

/// <summary>Names of exit codes as systemd prints them: its own for failures before execve, those of init scripts and of sysexits.h, n/a for the rest (systemd.exec(5)).</summary>
public static class ExitCodeNames
{
    private const int FirstOfSysexits = 64;

    private static readonly string[] _sysexits =
    [
        "USAGE", "DATAERR", "NOINPUT", "NOUSER", "NOHOST", "UNAVAILABLE", "SOFTWARE", "OSERR", "OSFILE", "CANTCREAT", "IOERR", "TEMPFAIL", "PROTOCOL", "NOPERM", "CONFIG",
    ];

    public const int ChangeDirectory = 200;
    public const int Nice = 201;
    public const int FileDescriptors = 202;
    public const int Exec = 203;
    public const int Limits = 205;
    public const int OomAdjust = 206;
    public const int StandardInput = 208;
    public const int StandardOutput = 209;
    public const int Group = 216;
    public const int User = 217;
    public const int ControlGroup = 219;
    public const int StandardError = 222;
    public const int RuntimeDirectory = 233;
    public const int StateDirectory = 238;
    public const int CacheDirectory = 239;
    public const int LogsDirectory = 240;
    public const int ConfigurationDirectory = 241;

    public static string Of(int status) => status switch
    {
        0 => "SUCCESS",
        1 => "FAILURE",
        2 => "INVALIDARGUMENT",
        3 => "NOTIMPLEMENTED",
        4 => "NOPERMISSION",
        5 => "NOTINSTALLED",
        6 => "NOTCONFIGURED",
        7 => "NOTRUNNING",
        ChangeDirectory => "CHDIR",
        Nice => "NICE",
        FileDescriptors => "FDS",
        Exec => "EXEC",
        Limits => "LIMITS",
        OomAdjust => "OOM_ADJUST",
        StandardInput => "STDIN",
        StandardOutput => "STDOUT",
        Group => "GROUP",
        User => "USER",
        ControlGroup => "CGROUP",
        StandardError => "STDERR",
        RuntimeDirectory => "RUNTIME_DIRECTORY",
        StateDirectory => "STATE_DIRECTORY",
        CacheDirectory => "CACHE_DIRECTORY",
        LogsDirectory => "LOGS_DIRECTORY",
        ConfigurationDirectory => "CONFIGURATION_DIRECTORY",
        255 => "EXCEPTION",
        _ => status - FirstOfSysexits is var index and >= 0 && index < _sysexits.Length ? _sysexits[index] : "n/a",
    };

    /// <summary>The sysexits names SuccessExitStatus= takes, with or without EX_; null for any other word.</summary>
    public static int? Parse(string name) => (name.StartsWith("EX_", StringComparison.Ordinal) ? name[3..] : name) switch
    {
        "SUCCESS" => 0,
        "FAILURE" => 1,
        var other => Array.IndexOf(_sysexits, other) is var index and >= 0 ? FirstOfSysexits + index : null,
    };
}
