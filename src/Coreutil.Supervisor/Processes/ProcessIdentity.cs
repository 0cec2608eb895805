using System.Globalization;

namespace Coreutil.Supervisor.Processes;

/// <summary>A process that cannot be mistaken for a later one with the same number: its start time goes with it.</summary>
public readonly record struct ProcessIdentity(int Pid, ulong StartTime)
{
    /// <summary>Reads field 22 of /proc/PID/stat; null when the process is gone, or dead and not reaped yet.</summary>
    public static ProcessIdentity? TryRead(int pid, bool isDeadToo = false)
    {
        if (SmallFile.TryReadText($"/proc/{pid}/stat") is not { } stat)
        {
            return null;
        }

        // The second field is the command in parentheses and may hold anything: fields are counted from the last one.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return !isDeadToo && fields[0] is "Z" or "X" ? null : new(pid, ulong.Parse(fields[19], CultureInfo.InvariantCulture));
    }

    public bool IsAlive => TryRead(Pid) == this;

    /// <summary>The command's name as ps shows it.</summary>
    public static string NameOf(int pid) => SmallFile.TryReadText($"/proc/{pid}/comm")?.TrimEnd('\n') ?? "";
}
