using System.Globalization;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Units;

/// <summary>Which process of a Type=forking service is its main one.</summary>
internal static class DaemonSearch
{
    /// <summary>Whom the PID file names, or without one the only process that is left; null where there is none, or more than one.</summary>
    public static int? Find(ServiceSettings settings, ProcessGroup group, int? control)
    {
        if (settings.Type != ServiceType.Forking)
        {
            return null;
        }

        if (settings.PidFile is { } file)
        {
            return TryRead(file) is { } named && named != control && ProcessIdentity.TryRead(named) is not null ? named : null;
        }

        if (!settings.GuessesMain)
        {
            return null;
        }

        // A child of the daemon is not one of those who may be it.
        int[] left = [.. group.ReadProcesses().Where(pid => pid != control && ProcessIdentity.ParentOf(pid) == Environment.ProcessId)];
        return left is [var only] ? only : null;
    }

    private static int? TryRead(string file) =>
        SmallFile.TryReadText(file) is { } text && int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid > 1 ? pid : null;
}
