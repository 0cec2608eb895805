using Coreutil.Supervisor.Machine;

namespace Coreutil.Supervisor.Units;

/// <summary>A file system: mounted and unmounted by the host's own programs, under the names that systemd gives these stages.</summary>
public sealed class MountUnit(UnitDefinition definition, ServiceHost host) : ServiceUnit(definition, host)
{
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
        if (state == ServiceState.Exited)
        {
            NotePassage(new("loaded", "activating", "mounting-done"));
        }

        base.NoteEntered(state);
    }

    protected override void Activate()
    {
        Directory.CreateDirectory(Definition.Mount!.Where);
        base.Activate();
    }
}
