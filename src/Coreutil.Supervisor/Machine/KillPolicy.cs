using System.Collections.Immutable;

namespace Coreutil.Supervisor.Machine;

/// <summary>What a stage's signal is for; it decides which signal that is.</summary>
public enum KillPurpose
{
    Terminate,

    /// <summary>A stop that is the first half of a restart.</summary>
    Restart,
    Watchdog,
    Final,
}

/// <summary>Whom a stop signals, by KillMode= (systemd.kill(5)).</summary>
public static class KillPolicy
{
    /// <summary>The kills of one stage; empty when nothing is there to be signalled, and the stage is over at once.</summary>
    public static ImmutableArray<ServiceAction> Signal(ServiceSettings settings, KillPurpose purpose, ProcessView view)
    {
        if (settings.KillMode == KillMode.None)
        {
            return [];
        }

        int signal = purpose switch
        {
            KillPurpose.Final => settings.FinalKillSignal,
            KillPurpose.Watchdog => settings.WatchdogSignal,
            KillPurpose.Restart => settings.RestartKillSignal ?? settings.KillSignal,
            _ => settings.KillSignal,
        };
        bool isWholeGroup = settings.KillMode == KillMode.ControlGroup || (settings.KillMode == KillMode.Mixed && purpose == KillPurpose.Final);
        var kills = ImmutableArray.CreateBuilder<ServiceAction>();
        if (isWholeGroup)
        {
            if (!view.IsGroupEmpty)
            {
                Add(KillTarget.Group);
            }

            return kills.ToImmutable();
        }

        if (view.IsMainAlive)
        {
            Add(KillTarget.Main);
        }

        if (view.IsControlAlive)
        {
            Add(KillTarget.Control);
        }

        return kills.ToImmutable();

        void Add(KillTarget target)
        {
            kills.Add(new ServiceAction.Kill(target, signal, IsTold: purpose is KillPurpose.Watchdog or KillPurpose.Final));
            if (signal == Signals.Kill)
            {
                return;
            }

            if (settings.SendsHangUp && purpose == KillPurpose.Terminate && signal != Signals.HangUp)
            {
                kills.Add(new ServiceAction.Kill(target, Signals.HangUp));
            }

            // A stopped process takes its signal only when it goes on.
            kills.Add(new ServiceAction.Kill(target, Signals.Continue));
        }
    }
}
