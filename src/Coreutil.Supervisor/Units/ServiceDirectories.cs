using System.Collections.Immutable;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Units;

public enum DirectoryPreservation
{
    No,
    Restart,
    Yes,
}

/// <summary>The directories of one kind that a service asks for: RuntimeDirectory=, StateDirectory= and their like (systemd.exec(5)).</summary>
public sealed record DirectoriesOfAKind(DirectoryKind Kind, ImmutableArray<string> Names, uint Mode)
{
    public IEnumerable<string> Paths => Names.Select(name => Path.Combine(Kind.Root, name));
}

/// <summary>Where a kind lies, what tells the service of it, and what a start ends with that cannot make it.</summary>
public sealed record DirectoryKind(string Setting, string Root, string Variable, int ExitCode, bool IsLeftAsItIs = false)
{
    public static readonly DirectoryKind Runtime = new("RuntimeDirectory", "/run", "RUNTIME_DIRECTORY", ExitCodeNames.RuntimeDirectory);

    public static ImmutableArray<DirectoryKind> All { get; } =
    [
        Runtime,
        new("StateDirectory", "/var/lib", "STATE_DIRECTORY", ExitCodeNames.StateDirectory),
        new("CacheDirectory", "/var/cache", "CACHE_DIRECTORY", ExitCodeNames.CacheDirectory),
        new("LogsDirectory", "/var/log", "LOGS_DIRECTORY", ExitCodeNames.LogsDirectory),
        new("ConfigurationDirectory", "/etc", "CONFIGURATION_DIRECTORY", ExitCodeNames.ConfigurationDirectory, IsLeftAsItIs: true),
    ];
}

internal static class ServiceDirectories
{
    public static ImmutableArray<DirectoriesOfAKind> Read(UnitSection section) =>
    [
        .. DirectoryKind.All
            .Select(kind => new DirectoriesOfAKind(kind, [.. section.Words(kind.Setting).Where(IsBelow)], section.Mode($"{kind.Setting}Mode") ?? 0x1ED))
            .Where(directories => directories.Names.Length > 0),
    ];

    public static DirectoryPreservation ReadPreservation(UnitSection section) => section.Raw("RuntimeDirectoryPreserve") switch
    {
        "restart" => DirectoryPreservation.Restart,
        { } text when UnitSection.Boolean(text) == true => DirectoryPreservation.Yes,
        _ => DirectoryPreservation.No,
    };

    public static IEnumerable<ExecDirectory> SpecsOf(ServiceContext context, uint? user, uint? group) => context.Directories.SelectMany(directories => directories.Paths.Select(
        path => new ExecDirectory(path, directories.Mode, user, group, directories.Kind.IsLeftAsItIs, directories.Kind.ExitCode)));

    /// <summary>The service is down: what it had below /run goes with it, unless it is to find it again.</summary>
    public static void Leave(ServiceContext context, bool isRestarting)
    {
        if (context.RuntimePreservation == DirectoryPreservation.Yes || (context.RuntimePreservation == DirectoryPreservation.Restart && isRestarting))
        {
            return;
        }

        foreach (string path in context.Directories.Where(directories => directories.Kind == DirectoryKind.Runtime).SelectMany(directories => directories.Paths).Where(Directory.Exists))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    /// <summary>systemd passes over absolute paths, and such that lead out again.</summary>
    private static bool IsBelow(string name) => !name.StartsWith('/') && !name.Split('/').Any(part => part is ".." or "." or "");
}
