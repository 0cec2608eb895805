namespace Coreutil.Supervisor.Processes;

/// <summary>Finds the hierarchy in which unitd may make a cgroup for each unit.</summary>
public static class ControlGroupRoot
{
    // v2 first, as the host's only hierarchy or beside v1; then v1 hierarchies in the order of their harmlessness.
    private static readonly string[] _hierarchies =
        ["/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/freezer", "/sys/fs/cgroup/pids"];

    /// <summary>A directory made for this supervisor; null where no hierarchy lets us.</summary>
    public static string? TryCreate(string name)
    {
        foreach (string hierarchy in _hierarchies.Where(hierarchy => File.Exists(Path.Combine(hierarchy, "cgroup.procs"))))
        {
            try
            {
                return Directory.CreateDirectory(Path.Combine(hierarchy, name)).FullName;
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
                continue;
            }
        }

        return null;
    }

    /// <summary>The unit in whose cgroup a process is, after its /proc/PID/cgroup; null where it is in none below <paramref name="root"/>.</summary>
    public static string? UnitOf(string? membership, string? root)
    {
        string marker = $"/{Path.GetFileName(root)}/";
        int begin = root is null ? -1 : membership?.IndexOf(marker, StringComparison.Ordinal) ?? -1;
        if (begin < 0)
        {
            return null;
        }

        ReadOnlySpan<char> name = membership.AsSpan(begin + marker.Length);
        int end = name.IndexOfAny('\n', '/', ' ');
        return (end < 0 ? name : name[..end]).ToString();
    }

    /// <summary>The path of a cgroup within its hierarchy.</summary>
    public static string? PathOf(string? directory) =>
        _hierarchies.Where(hierarchy => directory?.StartsWith($"{hierarchy}/", StringComparison.Ordinal) == true).Select(hierarchy => directory![hierarchy.Length..]).MinBy(path => path.Length);

    public static string? MembershipOf(int pid) => SmallFile.TryReadText($"/proc/{pid}/cgroup");
}
