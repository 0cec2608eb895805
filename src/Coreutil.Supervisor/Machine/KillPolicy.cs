using System.Collections.Immutable;

namespace Coreutil.Supervisor.Machine;

/// <summary>Whom a stop signals, by KillMode= (systemd.kill(5)).</summary>
public static class KillPolicy
{
    /// <summary>The kills of one stage; empty when nothing is there to be signalled, and the stage is over at once.</summary>
    /// <param name="settings">The service.</param>
    /// <param name="isForced">The stage is SIGKILL's, not KillSignal='s.</param>
    /// <param name="view">What is alive.</param>
    public static ImmutableArray<ServiceAction> Signal(ServiceSettings settings, bool isForced, ProcessView view)
    {
        if (settings.KillMode == KillMode.None)
        {
            return [];
        }

        int signal = isForced ? Signals.Kill : settings.KillSignal;
        bool isWholeGroup = settings.KillMode == KillMode.ControlGroup || (settings.KillMode == KillMode.Mixed && isForced);
        var kills = ImmutableArray.CreateBuilder<ServiceAction>();
        if (isWholeGroup)
        {
            if (!view.IsGroupEmpty)
            {
                Add(kills, KillTarget.Group);
            }

            return kills.ToImmutable();
        }

        if (view.IsMainAlive)
        {
            Add(kills, KillTarget.Main);
        }

        if (view.IsControlAlive)
        {
            Add(kills, KillTarget.Control);
        }

        return kills.ToImmutable();

        void Add(ImmutableArray<ServiceAction>.Builder to, KillTarget target)
        {
            to.Add(new ServiceAction.Kill(target, signal));
            if (isForced)
            {
                return;
            }

            if (settings.SendsHangUp)
            {
                to.Add(new ServiceAction.Kill(target, Signals.HangUp));
            }

            // A stopped process takes its signal only when it goes on.
            to.Add(new ServiceAction.Kill(target, Signals.Continue));
        }
    }
}
