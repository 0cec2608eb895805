using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Coreutil.FunctionalTests.Units;

/// <summary>
/// Small services put together by chance: what the tables do not think of. They run where COREUTIL_SEED gives a seed, which then stands in their names.
/// Nothing in them depends on the moment: a main process stays, or ends at once.
/// </summary>
internal static class RandomScenarios
{
    private static readonly string[] _commands =
        ["/t/bin/say {0}", "/bin/sh -c '/t/bin/say {0}; exit 3'", "-/bin/sh -c '/t/bin/say {0}; exit 4'", "/nonexistent/{0}", "-/nonexistent/{0}"];

    private static readonly string[] _mains =
    [
        "/t/bin/serve main say=up", "/t/bin/serve main TERM=143 say=up", "/t/bin/serve main TERM=0 say=up", "/t/bin/serve main say=up exit=0", "/t/bin/serve main say=up exit=5",
        "/t/bin/serve main say=up kill=USR1", "/t/bin/serve main say=up kill=TERM", "-/t/bin/serve main say=up exit=6", "/nonexistent/main",
    ];

    public static ImmutableArray<Scenario> Create(int count)
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable("COREUTIL_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out int seed))
        {
            return [];
        }

        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => CreateOne(string.Create(CultureInfo.InvariantCulture, $"random-{seed}-{i}"), random))];
    }

    private static Scenario CreateOne(string name, Random random)
    {
        var unit = new StringBuilder("[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=60\n[Service]\nTimeoutStopSec=2\nRestartSec=200ms\n");
        Maybe(2, $"Type={Pick("simple", "exec", "oneshot", "idle")}");
        Maybe(3, $"Restart={Pick("no", "on-failure", "on-abnormal", "on-abort")}");
        Maybe(3, "RemainAfterExit=yes");
        Maybe(3, $"SuccessExitStatus={Pick("3", "5 SIGUSR1", "143", "203")}");
        Maybe(4, $"RestartPreventExitStatus={Pick("5", "SIGUSR1", "203")}");
        Maybe(4, $"KillMode={Pick("mixed", "process", "control-group")}");
        Maybe(4, $"KillSignal={Pick("SIGINT", "SIGHUP", "SIGKILL")}");
        foreach (string stage in (string[])["ExecCondition", "ExecStartPre", "ExecStartPost", "ExecStop", "ExecStopPost"])
        {
            Maybe(stage == "ExecCondition" ? 6 : 3, $"{stage}={string.Format(CultureInfo.InvariantCulture, Pick(_commands), stage)}");
        }

        unit.Append(CultureInfo.InvariantCulture, $"ExecStart={Pick(_mains)}\n");
        return new Scenario(name, null, IsUnordered: true, BriefState: "deactivating/final-sigterm", [("a.service", unit.ToString())], ["start a", "sleep 2", "settle", "stop a"]);

        string Pick(params string[] choices) => choices[random.Next(choices.Length)];
        void Maybe(int oneIn, string line)
        {
            if (random.Next(oneIn) == 0)
            {
                unit.Append(line).Append('\n');
            }
        }
    }
}
