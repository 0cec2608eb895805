using System.Globalization;

namespace Coreutil.Supervisor.Processes;

/// <summary>A process that cannot be mistaken for a later one with the same number: its start time goes with it.</summary>
public readonly record struct ProcessIdentity(int Pid, ulong StartTime)
{
    /// <summary>Reads field 22 of /proc/PID/stat; null when the process is gone.</summary>
    public static ProcessIdentity? TryRead(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");

            // The second field is the command in parentheses and may hold anything: fields are counted from the last one.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : new(pid, ulong.Parse(fields[19], CultureInfo.InvariantCulture));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public bool IsAlive => TryRead(Pid) == this;

    /// <summary>The command's name as ps shows it.</summary>
    public static string NameOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").TrimEnd('\n');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
