using System.Globalization;

namespace Coreutil.Supervisor.Processes;

/// <summary>A process that cannot be mistaken for a later one with the same number: its start time goes with it.</summary>
public readonly record struct ProcessIdentity(int Pid, ulong StartTime)
{
    /// <summary>Reads field 22 of /proc/PID/stat; null when the process is gone, or dead and not reaped yet.</summary>
    public static ProcessIdentity? TryRead(int pid, bool isDeadToo = false) =>
        ReadFields(pid) is { } fields && (isDeadToo || fields[0] is not ("Z" or "X")) ? new(pid, ulong.Parse(fields[19], CultureInfo.InvariantCulture)) : null;

    /// <summary>Null when the process is gone, or dead and not reaped yet.</summary>
    public static int? ParentOf(int pid) =>
        ReadFields(pid) is { } fields && fields[0] is not ("Z" or "X") ? int.Parse(fields[1], CultureInfo.InvariantCulture) : null;

    /// <summary>The fields from the third on: the second is the command in parentheses and may hold anything, so they are counted from the last one.</summary>
    private static string[]? ReadFields(int pid) => SmallFile.TryReadText($"/proc/{pid}/stat") is { } stat ? stat[(stat.LastIndexOf(')') + 2)..].Split(' ') : null;

    public bool IsAlive => TryRead(Pid) == this;

    /// <summary>The command's name as ps shows it.</summary>
    public static string NameOf(int pid) => SmallFile.TryReadText($"/proc/{pid}/comm")?.TrimEnd('\n') ?? "";
}
