using System.Globalization;
using Coreutil.Supervisor.Machine;

namespace Coreutil.Supervisor.Processes;

/// <summary>
/// All processes of one unit: a cgroup where one can be made, so that nothing escapes a stop; else the process group of its main process, which a
/// daemon can leave.
/// </summary>
public sealed class ProcessGroup(string? directory)
{
    private readonly HashSet<(int Pid, bool IsLeader)> _started = [];

    /// <summary>Null before anybody looked: another supervisor may have left it.</summary>
    private bool? _isThere;

    /// <summary>The file a process writes "0" to in order to join; null without a cgroup.</summary>
    public string? JoinFile => directory is null ? null : Path.Combine(directory, "cgroup.procs");

    public string? Directory => directory;

    /// <summary>Makes sure the group is there; called before each command.</summary>
    public void Prepare()
    {
        if (directory is not null)
        {
            System.IO.Directory.CreateDirectory(directory);
            _isThere = true;
        }
    }

    /// <summary>Without a cgroup each started process leads a session of its own, and that is what can be signalled; of one that does not, only itself.</summary>
    public void Add(int pid, bool isLeader)
    {
        if (directory is null)
        {
            _started.Add((pid, isLeader));
        }
    }

    /// <summary>Sessions that are the unit's, where it has no cgroup.</summary>
    public IEnumerable<int> Leaders => _started.Where(started => started.IsLeader).Select(started => started.Pid).Order();

    public IReadOnlyList<int> ReadProcesses()
    {
        if (JoinFile is not { } file)
        {
            _started.RemoveWhere(started => LibC.Kill(TargetOf(started), 0) != 0);
            return [.. _started.Select(started => started.Pid)];
        }

        return IsThere && SmallFile.TryReadText(file) is { } text
            ? [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => int.Parse(line, CultureInfo.InvariantCulture)).Where(pid => pid > 0)]
            : [];
    }

    public bool IsEmpty => JoinFile is { } file ? !IsThere || !SmallFile.HasContent(file) : ReadProcesses().Count == 0;

    private bool IsThere => _isThere ??= System.IO.Directory.Exists(directory);

    /// <param name="signal">To each of the group.</param>
    /// <param name="except">Who has had it already.</param>
    public void Signal(int signal, params ReadOnlySpan<int> except)
    {
        if (directory is not null && signal == Signals.Kill && TryKillAtOnce())
        {
            return;
        }

        // A process may fork while the list is read: two rounds reach what the first one missed.
        for (int round = 0; round < 2; round++)
        {
            foreach (int pid in ReadProcesses())
            {
                if (directory is null)
                {
                    LibC.Kill(TargetOf((pid, _started.Contains((pid, true)))), signal);
                }
                else if (!except.Contains(pid))
                {
                    LibC.Kill(pid, signal);
                }
            }

            if (signal != Signals.Kill)
            {
                return;
            }
        }
    }

    private static int TargetOf((int Pid, bool IsLeader) started) => started.IsLeader ? -started.Pid : started.Pid;

    public static void SignalOne(int pid, int signal) => LibC.Kill(pid, signal);

    /// <summary>Removes the empty cgroup; one that still has processes stays, and is found again at the next start.</summary>
    public void Remove()
    {
        try
        {
            if (directory is not null && IsThere)
            {
                System.IO.Directory.Delete(directory);
                _isThere = false;
            }
        }
        catch (DirectoryNotFoundException)
        {
            _isThere = false;
        }
        catch (IOException)
        {
            // Still populated: nothing is lost by keeping it.
        }
    }

    /// <summary>cgroup v2 ends a whole group in one step, forks in flight included (Linux 5.14).</summary>
    private bool TryKillAtOnce()
    {
        string file = Path.Combine(directory!, "cgroup.kill");
        try
        {
            if (!File.Exists(file))
            {
                return false;
            }

            File.WriteAllText(file, "1");
            return true;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
