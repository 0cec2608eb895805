using System.Globalization;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Units;

/// <summary>Signals to a service's processes, and what its journal says of them.</summary>
public partial class ServiceUnit
{
    /// <summary>Sends a signal to the main process, the control process or all; null, or why not in systemd's words.</summary>
    public string? TrySignal(int signal, string who)
    {
        KillTarget? target = who switch
        {
            "main" => KillTarget.Main,
            "control" => KillTarget.Control,
            "all" => KillTarget.Group,
            _ => null,
        };
        if (target is not { } whom)
        {
            return $"Invalid who argument {who}";
        }

        if (whom != KillTarget.Group && Known(whom).Length == 0)
        {
            return $"No {who} process to kill";
        }

        foreach (int pid in Addressed(whom))
        {
            var (sent, process) = pid == MainPid ? ("Sent", "main process") : pid == ControlPid ? ("Sent", "control process") : ("Sending", "process");
            Report(string.Create(CultureInfo.InvariantCulture, $"{sent} signal SIG{Signals.NameOf(signal)} to {process} {pid} ({ProcessIdentity.NameOf(pid)}) on client request."));
        }

        Signal(whom, signal);
        return null;
    }

    private void Kill(ServiceAction.Kill kill)
    {
        foreach (int pid in kill.IsTold ? Addressed(kill.Target) : [])
        {
            Report(string.Create(CultureInfo.InvariantCulture, $"Killing process {pid} ({ProcessIdentity.NameOf(pid)}) with signal SIG{Signals.NameOf(kill.Signal)}."), Priorities.Notice);
        }

        Signal(kill.Target, kill.Signal);
    }

    private void Signal(KillTarget target, int signal)
    {
        // Without a cgroup the group is their sessions, and they lead them from the start.
        int[] known = target == KillTarget.Group && _group.Directory is null ? [] : Known(target);
        foreach (int pid in known)
        {
            ProcessGroup.SignalOne(pid, signal);
        }

        // Those who are on their way into the group have had it by now.
        if (target == KillTarget.Group)
        {
            _group.Signal(signal, known);
        }
    }

    private int[] Known(KillTarget target) => [.. (target switch
    {
        KillTarget.Main => (int?[])[MainPid],
        KillTarget.Control => [ControlPid],
        _ => [MainPid, ControlPid],
    }).OfType<int>()];

    private IEnumerable<int> Addressed(KillTarget target) => target == KillTarget.Group ? Known(target).Union(_group.ReadProcesses()) : Known(target);

    private void TellLeftOvers(bool isStarting)
    {
        foreach (int pid in _group.ReadProcesses())
        {
            string process = string.Create(CultureInfo.InvariantCulture, $"process {pid} ({ProcessIdentity.NameOf(pid)})");
            if (isStarting)
            {
                Report($"Found left-over {process} in control group while starting unit. Ignoring.", Priorities.Warning);
                _host.Journals.Report(Name, "This usually indicates unclean termination of a previous run, or service implementation deficiencies.", Priorities.Warning);
            }
            else
            {
                Report($"Unit {process} remains running after unit stopped.");
            }
        }
    }

    private string WhoMayNotify()
    {
        bool isExec = _machine.Settings.NotifyAccess == NotifyAccess.Exec;
        return (_machine.Settings.NotifyAccess, MainPid, isExec ? ControlPid : null) switch
        {
            (NotifyAccess.None, _, _) => "is disabled.",
            (_, { } main, { } control) => string.Create(CultureInfo.InvariantCulture, $"only permitted for main PID {main} and control PID {control}"),
            (_, { } main, null) => string.Create(CultureInfo.InvariantCulture, $"only permitted for main PID {main}"),
            (_, null, { } control) => string.Create(CultureInfo.InvariantCulture, $"only permitted for control PID {control}"),
            _ when isExec => "only permitted for main PID and control PID which are currently not known",
            _ => "only permitted for main PID which is currently not known",
        };
    }

    protected void Report(string text, int priority = Priorities.Information) => _host.Journals.Report(Name, $"{Name}: {text}", priority);
}
