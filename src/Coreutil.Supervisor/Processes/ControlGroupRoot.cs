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
}
