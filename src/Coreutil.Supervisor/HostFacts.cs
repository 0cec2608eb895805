using System.Collections.Immutable;
using Coreutil.Supervisor.Processes;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor;

/// <summary>What units may ask of this host.</summary>
public static class HostFacts
{
    public static string HostName => Environment.MachineName;

    public static string Boot { get; } = ReadLine("/proc/sys/kernel/random/boot_id").Replace("-", "", StringComparison.Ordinal);

    public static SpecifierContext Specifiers() => new()
    {
        HostName = HostName,
        MachineId = ReadLine("/etc/machine-id"),
        BootId = Boot,
        KernelRelease = ReadLine("/proc/sys/kernel/osrelease"),
        Shell = new UserDatabase().TryFindUser("0")?.Shell ?? "/bin/sh",
        UserName = Environment.GetEnvironmentVariable("USER") ?? "root",
        Home = Environment.GetEnvironmentVariable("HOME") ?? "/root",
        OsRelease = ReadOsRelease(),
    };

    /// <summary>Where the programs of units are looked for: where our links are installed, and then everywhere else.</summary>
    public const string ProgramDirectories = "/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>The environment every unit starts from: our links first in PATH (and where they are installed), so that a sidekick's etcdctl is ours on a bare host.</summary>
    public static ImmutableArray<KeyValuePair<string, string>> BaseEnvironment(UnitdOptions options) =>
    [
        new("PATH", $"{(options.BinDirectory is { } bin ? $"{bin}:" : "")}{ProgramDirectories}"),
        new("LANG", "C.UTF-8"),
        new("COREOS_PRIVATE_IPV4", options.Address.ToString()),
        new("COREOS_PUBLIC_IPV4", options.Address.ToString()),
    ];

    private static Dictionary<string, string> ReadOsRelease()
    {
        string? path = ((string[])["/etc/os-release", "/usr/lib/os-release"]).FirstOrDefault(File.Exists);
        return path is null ? [] : EnvironmentText.ParseFile(File.ReadAllText(path)).GroupBy(field => field.Key).ToDictionary(field => field.Key, field => field.Last().Value);
    }

    private static string ReadLine(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault() ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
