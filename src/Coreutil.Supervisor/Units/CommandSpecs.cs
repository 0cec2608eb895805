using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>What a command is told of the run it belongs to.</summary>
public sealed record CommandCircumstances
{
    public required string InvocationId { get; init; }

    public int? MainPid { get; init; }

    /// <summary>Of Stop and StopPost lines: how it ended so far.</summary>
    public ServiceResult? Result { get; init; }

    public ProcessExit? MainExit { get; init; }

    /// <summary>Of lines that start a service: the one whose end may have started it (OnFailure=, OnSuccess=).</summary>
    public ServiceUnit? Monitored { get; init; }

    /// <summary>NOTIFY_SOCKET; null where nothing the process says is heard.</summary>
    public string? NotifySocket { get; init; }

    /// <summary>Of a main process that is watched: how long it may be silent.</summary>
    public TimeSpan? Watchdog { get; init; }

    public ImmutableArray<string> DescriptorNames { get; init; } = [];

    public string? ControlGroupFile { get; init; }
}

/// <summary>From a command of a unit file to everything the executor applies.</summary>
public sealed class CommandSpecs(UserDatabase users, ImmutableArray<KeyValuePair<string, string>> baseEnvironment)
{
    /// <exception cref="IOException">An environment file that must be there is not.</exception>
    public ExecSpec SpecOf(ServiceCommand command, ServiceContext context, CommandCircumstances circumstances)
    {
        var environment = ReadEnvironment(context, circumstances);
        var user = context.User is { } name ? users.TryFindUser(name) : null;
        foreach (var (variable, value) in user is null ? [] : (ReadOnlySpan<(string, string)>)[("USER", user.Name), ("LOGNAME", user.Name), ("HOME", user.Home), ("SHELL", user.Shell)])
        {
            // A shell that lets nobody in, and the root as home, stand for none.
            if (!(variable == "SHELL" && Path.GetFileName(value) is "nologin" or "false" or "true") && !(variable == "HOME" && value is "/" or ""))
            {
                environment.TryAdd(variable, value);
            }
        }

        foreach (string unset in context.UnsetEnvironment)
        {
            string[] pair = unset.Split('=', 2);
            if (pair.Length == 1 || environment.GetValueOrDefault(pair[0]) == pair[1])
            {
                environment.Remove(pair[0]);
            }
        }

        var words = command.IsLiteral ? command.Words : [command.Words[0], .. ExecLine.Substitute(command.Words.Skip(1), environment)];
        uint? group = context.Group is { } groupName ? users.TryFindGroup(groupName) : null;
        return new ExecSpec
        {
            Path = FindProgram(command.Path, environment.GetValueOrDefault("PATH", "")),
            Arguments = words,
            Environment = [.. environment.Select(pair => $"{pair.Key}={pair.Value}")],
            OwnPidVariables =
            [
                "SYSTEMD_EXEC_PID",
                .. circumstances.DescriptorNames.Length > 0 ? (string[])["LISTEN_PID"] : [],
                .. circumstances.Watchdog is not null ? (string[])["WATCHDOG_PID"] : [],
            ],
            Descriptors = circumstances.DescriptorNames.Length,
            IsInputSocket = context.IsInputSocket && circumstances.DescriptorNames.Length > 0,
            ControlGroups = circumstances.ControlGroupFile is { } file ? [file] : [],
            Directories = [.. ServiceDirectories.SpecsOf(context, user?.Id, group ?? user?.GroupId)],
            WorkingDirectory = context.WorkingDirectory == "~" ? user?.Home : context.WorkingDirectory,
            IsWorkingDirectoryOptional = context.IsWorkingDirectoryOptional,
            StaysInGroup = context.StaysInGroup,
            User = command.IsPrivileged ? null : user?.Id,
            Group = command.IsPrivileged ? null : group ?? user?.GroupId,
            SupplementaryGroups =
                [.. user is null ? [] : users.GroupsOf(user.Name), .. context.SupplementaryGroups.Select(users.TryFindGroup).OfType<uint>()],
            FileMask = context.FileMask,
            Nice = context.Nice,
            OomScoreAdjust = context.OomScoreAdjust,
            Limits = context.Limits,
            Input = context.Input,
            Output = context.Output,
            Error = context.Error,
            IgnoresSigpipe = context.IgnoresSigpipe,
            Refusal = command.IsPrivileged ? null
                : context.User is { } wanted && user is null ? new(ExitCodeNames.User, $"there is no user '{wanted}'")
                : context.SupplementaryGroups.FirstOrDefault(unknown => users.TryFindGroup(unknown) is null) is { } missing ? new(ExitCodeNames.Group, $"there is no group '{missing}'")
                : context.Group is { } wantedGroup && group is null ? new(ExitCodeNames.Group, $"there is no group '{wantedGroup}'")
                : null,
        };
    }

    private Dictionary<string, string> ReadEnvironment(ServiceContext context, CommandCircumstances circumstances)
    {
        var environment = new Dictionary<string, string>(baseEnvironment, StringComparer.Ordinal) { ["INVOCATION_ID"] = circumstances.InvocationId };
        if (circumstances.MainPid is { } main)
        {
            environment["MAINPID"] = main.ToString(CultureInfo.InvariantCulture);
        }

        if (circumstances.Result is { } result)
        {
            AddEnd(environment, "", result, circumstances.MainExit);
        }
        else if (circumstances.Monitored is { } monitored)
        {
            AddEnd(environment, "MONITOR_", monitored.Result, monitored.MainExit);
            environment["MONITOR_UNIT"] = monitored.Name;
            if (monitored.Invocation.Length > 0)
            {
                environment["MONITOR_INVOCATION_ID"] = monitored.Invocation;
            }
        }

        if (circumstances.NotifySocket is { } socket)
        {
            environment["NOTIFY_SOCKET"] = socket;
        }

        if (circumstances.Watchdog is { } watchdog)
        {
            environment["WATCHDOG_USEC"] = ((long)watchdog.TotalMicroseconds).ToString(CultureInfo.InvariantCulture);
        }

        if (circumstances.DescriptorNames.Length > 0)
        {
            environment["LISTEN_FDS"] = circumstances.DescriptorNames.Length.ToString(CultureInfo.InvariantCulture);
            environment["LISTEN_FDNAMES"] = string.Join(':', circumstances.DescriptorNames);
        }

        foreach (var directories in context.Directories)
        {
            environment[directories.Kind.Variable] = string.Join(':', directories.Paths);
        }

        foreach (string passed in context.PassedEnvironment)
        {
            if (Environment.GetEnvironmentVariable(passed) is { } value)
            {
                environment[passed] = value;
            }
        }

        foreach (var (name, value) in context.Environment.Concat(ReadFiles(context)))
        {
            environment[name] = value;
        }

        return environment;
    }

    private static void AddEnd(Dictionary<string, string> environment, string prefix, ServiceResult result, ProcessExit? mainExit)
    {
        environment[$"{prefix}SERVICE_RESULT"] = ServiceNames.Result(result);
        if (mainExit is { } exit)
        {
            (environment[$"{prefix}EXIT_CODE"], environment[$"{prefix}EXIT_STATUS"]) = (exit.CodeText, exit.StatusText);
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> ReadFiles(ServiceContext context) => context.EnvironmentFiles
        .SelectMany(Find).SelectMany(file => EnvironmentText.ParseFile(Read(file)));

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new EnvironmentFileException(file, failure);
        }
    }

    /// <summary>One file, or all that a pattern in the last part of the path matches, in their order; of a pattern that is not optional at least one.</summary>
    private static IEnumerable<string> Find(EnvironmentFileReference file)
    {
        if (file.Path.AsSpan().IndexOfAny("*?[") < 0)
        {
            return !file.IsOptional || File.Exists(file.Path) ? [file.Path] : [];
        }

        string[] found = HostPaths.Matching(file.Path);
        return found.Length > 0 || file.IsOptional ? found : throw new EnvironmentFileException(file.Path, new FileNotFoundException());
    }

    /// <summary>A name without a slash is searched in the unit's PATH; what is not found fails at execve, as it does with a slash.</summary>
    private static string FindProgram(string name, string path) => name.Contains('/', StringComparison.Ordinal)
        ? name
        : path.Split(':').Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists) ?? $"/usr/bin/{name}";
}
