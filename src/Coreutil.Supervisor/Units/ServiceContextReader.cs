using System.Globalization;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Processes;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>Environment, user, limits and streams of a [Service] section (systemd.exec(5)).</summary>
internal static class ServiceContextReader
{
    private static readonly (string Setting, int Resource)[] _limits =
    [
        ("LimitCPU", 0), ("LimitFSIZE", 1), ("LimitDATA", 2), ("LimitSTACK", 3), ("LimitCORE", 4), ("LimitRSS", 5), ("LimitNPROC", 6), ("LimitNOFILE", 7),
        ("LimitMEMLOCK", 8), ("LimitAS", 9), ("LimitLOCKS", 10), ("LimitSIGPENDING", 11), ("LimitMSGQUEUE", 12), ("LimitNICE", 13), ("LimitRTPRIO", 14),
    ];

    public static ServiceContext Read(UnitSection section)
    {
        var defaults = new ServiceContext();
        string? directory = section.Text("WorkingDirectory");
        var output = ReadOutput(section.Text("StandardOutput"));
        return new ServiceContext
        {
            Environment = [.. section.List("Environment").SelectMany(value => EnvironmentText.ParseAssignments(value, section.Expand))],
            EnvironmentFiles = [.. section.List("EnvironmentFile").Select(section.Expand).Select(value => new EnvironmentFileReference(value.TrimStart('-'), value.StartsWith('-')))],
            PassedEnvironment = section.Words("PassEnvironment"),
            UnsetEnvironment = section.Words("UnsetEnvironment"),
            User = section.Text("User"),
            Group = section.Text("Group"),
            SupplementaryGroups = section.Words("SupplementaryGroups"),
            WorkingDirectory = directory?.TrimStart('-'),
            IsWorkingDirectoryOptional = directory?.StartsWith('-') == true,
            Directories = ServiceDirectories.Read(section),
            RuntimePreservation = ServiceDirectories.ReadPreservation(section),
            FileMask = section.Octal("UMask") ?? defaults.FileMask,
            Nice = section.Number("Nice"),
            OomScoreAdjust = section.Number("OOMScoreAdjust"),
            Limits = [.. _limits.Where(limit => section.Raw(limit.Setting) is not null).Select(limit => ReadLimit(limit.Resource, section.Raw(limit.Setting)!))],
            Input = section.Text("StandardInput") is { } input && input.StartsWith("file:", StringComparison.Ordinal) ? new(input["file:".Length..], LibC.OpenRead) : new(),
            IsInputSocket = section.Raw("StandardInput") == "socket",
            Output = output,
            // Without a setting of its own the error stream goes where the output goes.
            Error = section.Text("StandardError") is { } error && error != "inherit" ? ReadOutput(error) : output,
            IgnoresSigpipe = section.Flag("IgnoreSIGPIPE", true),
            Identifier = section.Text("SyslogIdentifier"),
            Level = Priorities.Parse(section.Text("SyslogLevel") ?? "") ?? Priorities.Information,
            HasLevelPrefix = section.Flag("SyslogLevelPrefix", true),
        };
    }

    private static StandardStream ReadOutput(string? value)
    {
        if (value is null)
        {
            return new();
        }

        if (value == "null")
        {
            return new("/dev/null", LibC.OpenWriteCreate);
        }

        // "file:" writes from the start over what is there, as systemd does.
        string[] parts = value.Split(':', 2);
        return parts[0] switch
        {
            "file" => new(parts[1], LibC.OpenWriteCreate),
            "append" => new(parts[1], LibC.OpenAppendCreate),
            "truncate" => new(parts[1], LibC.OpenWriteCreate | LibC.OpenTruncate),
            _ => new(),
        };
    }

    private static ResourceLimit ReadLimit(int resource, string text)
    {
        string[] parts = text.Split(':', 2);
        ulong soft = Value(parts[0]);
        return new(resource, soft, parts.Length == 2 ? Value(parts[1]) : soft);

        static ulong Value(string word)
        {
            int digits = word.AsSpan().IndexOfAnyExcept("0123456789");
            string number = digits < 0 ? word : word[..digits];
            ulong factor = (digits < 0 ? "" : word[digits..]) switch
            {
                "K" => 1024,
                "M" => 1024 * 1024,
                "G" => 1024 * 1024 * 1024,
                "T" => 1024UL * 1024 * 1024 * 1024,
                _ => 1,
            };
            return ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value * factor : ulong.MaxValue;
        }
    }
}
