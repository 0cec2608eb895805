using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Coreutil.FunctionalTests.Units;

/// <summary>Three or four units that depend on each other by chance.</summary>
internal static class RandomGroups
{
    /// <summary>They start what they name: only from the first by name to the last, and mostly in order, so that two starts never run a race.</summary>
    private static readonly string[] _pulls = ["Requires", "Wants", "BindsTo", "Requisite"];

    private static readonly string[] _follows = ["PartOf", "Conflicts", "PropagatesReloadTo", "PropagatesStopTo", "ReloadPropagatedFrom", "StopPropagatedFrom"];

    public static (ImmutableArray<(string Name, string Text)> Units, ImmutableArray<string> Steps) Create(Random random)
    {
        string[] names = [.. ((string[])["a", "b", "c", "d"]).Take(random.Next(3, 5))];
        var units = names.Select((name, i) => ($"{name}.service", Unit(random, names, i))).ToImmutableArray();
        var steps = ImmutableArray.Create("start a", "sleep 1.2", "settle");
        for (int count = random.Next(2, 5); count > 0; count--)
        {
            string name = random.Pick(names);
            string step = random.Pick("start", "start", "stop", "restart", "try-restart", "kill -s KILL", "kill -s TERM", "reload", "kill -s USR1");
            steps = steps.AddRange($"{step} {name}", "sleep 1.2", "settle");
        }

        return (units, steps);
    }

    private static string Unit(Random random, string[] names, int i)
    {
        var unit = new StringBuilder("[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=60\n");
        unit.Append(random.Maybe(6, "StopWhenUnneeded=yes"));
        unit.Append(random.Maybe(12, "RefuseManualStart=yes"));
        unit.Append(random.Maybe(20, "ConditionPathExists=/nonexistent"));
        foreach (string other in names[(i + 1)..])
        {
            if (random.Next(2) == 0)
            {
                unit.Append(CultureInfo.InvariantCulture, $"{random.Pick(_pulls)}={other}.service\nAfter={other}.service\n");
            }
        }

        // In a circle they would go on for ever.
        if (i + 1 < names.Length)
        {
            unit.Append(random.Maybe(4, $"{random.Pick("OnFailure", "OnSuccess")}={random.Pick(names[(i + 1)..])}.service"));
        }

        string any = random.Pick([.. names.Where(name => name != names[i])]);
        unit.Append(random.Maybe(2, $"{random.Pick(_follows)}={any}.service"));
        unit.Append("[Service]\nRestartSec=200ms\nTimeoutStopSec=2\n");
        unit.Append(random.Maybe(5, $"Restart={random.Pick("on-failure", "on-abnormal")}"));
        unit.Append(random.Maybe(3, $"ExecReload=/t/bin/say {names[i]} reload"));
        unit.Append(random.Maybe(4, $"ExecStop=/t/bin/say {names[i]} stop"));
        unit.Append(random.Maybe(8, $"ExecStartPre={random.Pick($"/t/bin/say {names[i]} pre", "/bin/false")}"));
        unit.Append(string.Format(CultureInfo.InvariantCulture, random.Pick(
            "ExecStart=/t/bin/serve {0} say=up\n", "ExecStart=/t/bin/serve {0} say=up\n", "ExecStart=/t/bin/serve {0} TERM=143 say=up\n", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/t/bin/say {0}\n",
            "Type=oneshot\nExecStart=/t/bin/say {0}\n", "Type=oneshot\nExecStart=/bin/false\n", "ExecStart=/t/bin/serve {0} say=up sleep=0.5 exit=0\n", "ExecStart=/t/bin/serve {0} say=up sleep=0.5 exit=5\n"), names[i]));
        return unit.ToString();
    }
}
