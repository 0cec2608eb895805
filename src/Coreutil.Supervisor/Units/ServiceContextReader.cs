using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Processes;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>Environment, user, limits and streams of a [Service] section (systemd.exec(5)).</summary>
internal static class ServiceContextReader
{
    public static ServiceContext Read(UnitSection section)
    {
        var defaults = new ServiceContext();
        string? directory = section.Text("WorkingDirectory");
        var output = ReadOutput(section.Text("StandardOutput"));
        return new ServiceContext
        {
            Environment = [.. section.List("Environment").SelectMany(value => EnvironmentText.ParseAssignments(value, section.TryExpand))],
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
            FileMask = section.Mode("UMask") ?? defaults.FileMask,
            Nice = section.Number("Nice"),
            OomScoreAdjust = section.Number("OOMScoreAdjust"),
            Limits = [.. LimitText.Settings.Select(setting => section.Raw(setting) is { } value ? LimitText.Parse(setting, value) : null).OfType<ResourceLimit>()],
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
}
