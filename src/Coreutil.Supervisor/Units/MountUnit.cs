using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Units;

/// <summary>A file system: mounted and unmounted by the host's own programs, under the names that systemd gives these stages.</summary>
public sealed class MountUnit(UnitDefinition definition, ServiceHost host) : ServiceUnit(definition, host)
{
    private ServiceState _entered;

    /// <param name="points">Where file systems are mounted now.</param>
    public void Observe(IReadOnlySet<string> points)
    {
        if (Definition.LoadError is null)
        {
            Apply((machine, view) => machine.Observe(points.Contains(Definition.Mount!.Where), Now, view));
        }
    }

    /// <summary>What the command has done is known before its end is.</summary>
    public override void OnExited(int pid, ProcessRole role, ProcessExit exit)
    {
        Observe(MountTable.ReadPoints());
        base.OnExited(pid, role, exit);
    }

    protected override string SubStateOf(ServiceState state) => state switch
    {
        ServiceState.Start => "mounting",
        ServiceState.Exited => "mounted",
        ServiceState.Stop => "unmounting",
        ServiceState.StopSigterm or ServiceState.FinalSigterm => "unmounting-sigterm",
        ServiceState.StopSigkill or ServiceState.FinalSigkill => "unmounting-sigkill",
        _ => base.SubStateOf(state),
    };

    /// <summary>systemd sees the file system before it sees the end of mount(8).</summary>
    protected override void NoteEntered(ServiceState state)
    {
        if (state == ServiceState.Exited && _entered == ServiceState.Start)
        {
            NotePassage(new("loaded", "activating", "mounting-done"));
        }

        _entered = state;
        base.NoteEntered(state);
    }

    protected override void Activate()
    {
        try
        {
            Directory.CreateDirectory(Definition.Mount!.Where);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            string where = Definition.Mount!.Where;
            string why = HostPaths.IsBelowFile(where) ? SystemError.NotADirectory : SystemError.TextOf(refused);
            Report($"Failed to create mount point '{where}', ignoring: {why}", Priorities.Warning);
        }

        base.Activate();
    }
}
