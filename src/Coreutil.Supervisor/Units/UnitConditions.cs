using System.Collections.Immutable;
using System.IO.Enumeration;
using System.Net;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Units;

/// <summary>One Condition…= or Assert…= line: <c>ConditionPathExists=|!/etc/x</c>.</summary>
/// <param name="Kind">The setting's name without Condition or Assert.</param>
/// <param name="Argument">What is looked at, specifiers expanded.</param>
/// <param name="IsTriggering">One of several, of which one has to hold (the bar).</param>
/// <param name="IsNegated">It holds where the test does not (the exclamation mark).</param>
public sealed record UnitCondition(string Kind, string Argument, bool IsTriggering, bool IsNegated)
{
    /// <summary>The marks before the argument and the argument, its specifiers not yet filled in.</summary>
    public static UnitCondition Parse(string kind, string value)
    {
        bool isTriggering = value.StartsWith('|');
        string rest = isTriggering ? value[1..].TrimStart() : value;
        bool isNegated = rest.StartsWith('!');
        return new(kind, isNegated ? rest[1..].TrimStart() : rest, isTriggering, isNegated);
    }
}

/// <summary>The tests of systemd.unit(5), "Conditions and Asserts", that a host without systemd can answer.</summary>
public static class UnitConditions
{
    /// <summary>All that are not triggering have to hold, and one of the triggering ones if there is any: the first that does not; null where they are met.</summary>
    public static UnitCondition? FirstUnmet(ImmutableArray<UnitCondition> conditions)
    {
        var triggering = conditions.Where(condition => condition.IsTriggering);
        return conditions.FirstOrDefault(condition => !condition.IsTriggering && !Holds(condition)) ?? (triggering.Any(Holds) ? null : triggering.FirstOrDefault());
    }

    private static bool Holds(UnitCondition condition) => Test(condition.Kind, condition.Argument) != condition.IsNegated;

    private static bool Test(string kind, string argument) => kind switch
    {
        "PathExists" => Path.Exists(argument),
        "PathExistsGlob" => HostPaths.Matching(argument).Length > 0,
        "PathIsDirectory" => Directory.Exists(argument),
        "PathIsSymbolicLink" => new FileInfo(argument).LinkTarget is not null,
        "PathIsMountPoint" => MountTable.IsMountPoint(argument),
        "PathIsReadWrite" => MountTable.IsWritable(argument),
        "DirectoryNotEmpty" => HostPaths.Entries(argument).Length > 0,
        "FileNotEmpty" => new FileInfo(argument) is { Exists: true, Length: > 0 },
        "FileIsExecutable" => new FileInfo(argument) is { Exists: true } file
            && (file.UnixFileMode & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0,
        "Host" => FileSystemName.MatchesSimpleExpression(argument, Dns.GetHostName()) || argument == ReadFirst("/etc/machine-id"),
        "User" => argument is "root" or "0" or "@system",
        "Group" => argument is "root" or "0",
        "Architecture" => argument is "x86-64" or "native",
        "Virtualization" => IsVirtual(argument),
        "KernelVersion" => argument.Split(' ', StringSplitOptions.RemoveEmptyEntries).All(CompareKernel),
        "KernelCommandLine" => ReadFirst("/proc/cmdline").Split(' ').Any(word => word == argument || word.StartsWith($"{argument}=", StringComparison.Ordinal)),
        "ACPower" => argument is "yes" or "true" or "1",
        "FirstBoot" => argument is "no" or "false" or "0",
        "Environment" => argument.Split('=', 2) is var pair && Environment.GetEnvironmentVariable(pair[0]) is { } value && (pair.Length == 1 || pair[1] == value),
        // What cannot be known here holds: a unit that ran on systemd is not left out for it.
        _ => true,
    };

    private static bool IsVirtual(string argument)
    {
        bool isContainer = File.Exists("/run/systemd/container") || File.Exists("/.dockerenv") || ReadFirst("/proc/1/environ").Contains("container=", StringComparison.Ordinal);
        return argument switch
        {
            "yes" or "true" or "1" or "container" => isContainer,
            "no" or "false" or "0" => !isContainer,
            "vm" => false,
            var name => isContainer && ReadFirst("/run/systemd/container") == name,
        };
    }

    /// <summary>An operator and a version, or a pattern for the release.</summary>
    private static bool CompareKernel(string wanted)
    {
        string release = ReadFirst("/proc/sys/kernel/osrelease");
        string version = wanted.TrimStart('<', '>', '=', '!');
        int order = CompareVersions(release, version);
        return wanted[..^version.Length] switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            ">=" => order >= 0,
            "=" or "==" => order == 0,
            "!=" or "<>" => order != 0,
            _ => FileSystemName.MatchesSimpleExpression(wanted, release),
        };
    }

    private static int CompareVersions(string left, string right)
    {
        int[] leftNumbers = Numbers(left);
        int[] rightNumbers = Numbers(right);
        for (int i = 0; i < rightNumbers.Length; i++)
        {
            int order = (i < leftNumbers.Length ? leftNumbers[i] : 0).CompareTo(rightNumbers[i]);
            if (order != 0)
            {
                return order;
            }
        }

        return 0;

        static int[] Numbers(string version) =>
            [.. version.Split('-')[0].Split('.').Select(part => int.TryParse(part, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int number) ? number : 0)];
    }

    private static string ReadFirst(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault() ?? "";
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
