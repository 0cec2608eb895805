using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Coreutil.FunctionalTests.Units;

/// <summary>One service with settings by chance.</summary>
internal static class RandomServices
{
    private const string Limits = "[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=60\n[Service]\nRestartSec=200ms\n";

    private static readonly string[] _commands =
        ["/t/bin/say {0}", "/bin/sh -c '/t/bin/say {0}; exit 3'", "-/bin/sh -c '/t/bin/say {0}; exit 4'", "/nonexistent/{0}", "-/nonexistent/{0}"];

    private static readonly string[] _mains =
    [
        "/t/bin/serve main say=up", "/t/bin/serve main TERM=143 say=up", "/t/bin/serve main TERM=0 say=up", "/t/bin/serve main say=up sleep=0.7 exit=0", "/t/bin/serve main say=up sleep=0.7 exit=5",
        "/t/bin/serve main say=up sleep=0.7 kill=USR1", "/t/bin/serve main say=up sleep=0.7 kill=TERM", "-/t/bin/serve main say=up sleep=0.7 exit=6", "/nonexistent/main",
    ];

    private static readonly string[] _stubborn =
    [
        "/t/bin/serve main TERM=ignore say=up", "/t/bin/serve main child=kid! say=up", "/t/bin/serve main TERM=ignore child=kid! say=up", "/t/bin/serve main child=kid~ say=up",
        "/t/bin/serve main child=kid say=up sleep=0.5 exit=0", "/t/bin/serve main child=kid! say=up sleep=0.5 exit=7", "/t/bin/serve main TERM=ignore HUP=say INT=2 USR1=say say=up",
    ];

    private static readonly string[] _notifying =
    [
        "/t/bin/serve main sleep=0.2 notify=READY=1 say=up", "/t/bin/serve main notify=READY=1,STATUS=fine say=up sleep=0.5 exit=0", "/t/bin/serve main notify=READY=1 say=up sleep=0.5 exit=3",
        "/t/bin/serve main say=up", "/t/bin/serve main say=up sleep=0.3 exit=0", "/t/bin/serve main notify=EXTEND_TIMEOUT_USEC=4000000 sleep=1.8 notify=READY=1 say=up",
        "/t/bin/serve main notify=READY=1 sleep=0.4 notify=STOPPING=1 sleep=0.4 say=up exit=0", "/t/bin/serve main notify=READY=1 sleep=0.4 notify=STOPPING=1 say=up TERM=0",
        "/t/bin/serve main notify=READY=1 sleep=0.4 notify=RELOADING=1 sleep=0.4 notify=READY=1 say=up", "/t/bin/serve main notify=READY=1 say=up sleep=0.7 notify=WATCHDOG=1 sleep=0.7 notify=WATCHDOG=1",
        "/t/bin/serve main notify=READY=1,WATCHDOG_USEC=700000 say=up", "/t/bin/serve main notify=READY=1 say=up sleep=0.3 notify=WATCHDOG=trigger",
    ];

    private static readonly string[] _forking =
    [
        "/bin/sh -c '/t/bin/serve main say=up & sleep 0.3'", "/bin/sh -c '/t/bin/serve main say=up child=kid & sleep 0.3'", "/bin/sh -c '/t/bin/serve main say=up & /t/bin/serve other say=up & sleep 0.3'",
        "/bin/sh -c '/t/bin/serve main say=up sleep=0.8 exit=4 & sleep 0.3'", "/bin/sh -c '/t/bin/serve main say=up & echo $$! >@DIR@/pid; sleep 0.3'", "/bin/sh -c '/t/bin/serve main say=up sleep=0.8 exit=0 & sleep 0.3'",
        "/bin/sh -c '/t/bin/say none'", "/bin/sh -c '/t/bin/serve main say=up & sleep 0.3; exit 2'", "/t/bin/serve main say=up", "/t/bin/serve main say=up kill=TERM",
    ];

    /// <summary>Every stage with a command that may fail.</summary>
    public static (ImmutableArray<(string Name, string Text)> Units, ImmutableArray<string> Steps) CreateStages(Random random)
    {
        var unit = new StringBuilder($"{Limits}TimeoutStopSec=5\n");
        unit.Append(random.Maybe(2, $"Type={random.Pick("simple", "exec", "oneshot")}"));
        unit.Append(random.Maybe(3, $"Restart={random.Pick("no", "on-failure", "on-abnormal", "on-abort")}"));
        unit.Append(random.Maybe(3, "RemainAfterExit=yes"));
        unit.Append(random.Maybe(3, $"SuccessExitStatus={random.Pick("3", "5 SIGUSR1", "143", "203")}"));
        unit.Append(random.Maybe(4, $"RestartPreventExitStatus={random.Pick("5", "SIGUSR1", "203")}"));
        unit.Append(random.Maybe(4, $"KillMode={random.Pick("mixed", "process", "control-group")}"));
        unit.Append(random.Maybe(4, $"KillSignal={random.Pick("SIGINT", "SIGHUP", "SIGKILL")}"));
        foreach (string stage in (string[])["ExecCondition", "ExecStartPre", "ExecStartPost", "ExecStop", "ExecStopPost"])
        {
            unit.Append(random.Maybe(stage == "ExecCondition" ? 6 : 3, Command(random, stage)));
        }

        unit.Append(CultureInfo.InvariantCulture, $"ExecStart={random.Pick(_mains)}\n");
        return ([("a.service", unit.ToString())], ["start a", "sleep 2", "settle", "stop a"]);
    }

    /// <summary>A type, timeouts, ways of killing, and what is done from outside.</summary>
    public static (ImmutableArray<(string Name, string Text)> Units, ImmutableArray<string> Steps) CreateLife(Random random)
    {
        var unit = new StringBuilder($"{Limits}TimeoutStartSec=1\nTimeoutStopSec=1\n");
        string type = random.Pick("simple", "simple", "oneshot", "notify", "notify", "notify", "forking", "forking");
        unit.Append(CultureInfo.InvariantCulture, $"Type={type}\n");
        unit.Append(random.Maybe(3, $"Restart={(type == "oneshot" ? "on-failure" : random.Pick("always", "on-success", "on-failure", "on-abnormal", "on-watchdog"))}"));
        unit.Append(random.Maybe(4, "RemainAfterExit=yes"));
        unit.Append(random.Maybe(5, $"RestartForceExitStatus={random.Pick("0", "3", "5", "SIGUSR1", "SIGKILL", "SIGABRT")}"));
        unit.Append(random.Maybe(6, $"SuccessExitStatus={random.Pick("3", "5", "SIGUSR1", "SIGKILL", "7")}"));
        unit.Append(random.Maybe(2, $"KillMode={random.Pick("mixed", "process", "none", "control-group")}"));
        unit.Append(random.Maybe(5, $"KillSignal={random.Pick("SIGINT", "SIGHUP", "SIGUSR1", "SIGCONT")}"));
        unit.Append(random.Maybe(6, $"RestartKillSignal={random.Pick("SIGINT", "SIGUSR1")}"));
        unit.Append(random.Maybe(5, "SendSIGHUP=yes"));
        unit.Append(random.Maybe(6, "SendSIGKILL=no"));
        unit.Append(random.Maybe(8, "FinalKillSignal=SIGQUIT"));
        unit.Append(random.Maybe(5, $"TimeoutStartFailureMode={random.Pick("terminate", "abort", "kill")}"));
        unit.Append(random.Maybe(4, $"TimeoutStopFailureMode={random.Pick("terminate", "abort", "kill")}"));
        unit.Append(random.Maybe(8, "TimeoutAbortSec=2"));
        unit.Append(random.Maybe(6, "RuntimeMaxSec=1"));
        if (type == "notify")
        {
            unit.Append(random.Maybe(2, "WatchdogSec=1"));
            unit.Append(random.Maybe(4, $"WatchdogSignal={random.Pick("SIGTERM", "SIGUSR1")}"));
            unit.Append(random.Maybe(5, $"NotifyAccess={random.Pick("all", "exec", "main", "none")}"));
        }

        if (type == "forking")
        {
            unit.Append(random.Maybe(3, "PIDFile=@DIR@/pid"));
            unit.Append(random.Maybe(3, "GuessMainPID=no"));
        }

        unit.Append(random.Maybe(5, $"ExecStartPre={random.Pick("/t/bin/say pre", "/t/bin/serve pre say=up", "/t/bin/serve pre TERM=ignore say=up")}"));
        unit.Append(random.Maybe(5, $"ExecReload={random.Pick("/t/bin/say reload", "/bin/false", "/t/bin/serve reload say=up", "/bin/kill -USR1 $MAINPID")}"));
        unit.Append(random.Maybe(4, $"ExecStop={random.Pick("/t/bin/say stop", "/bin/false", "/t/bin/serve stop say=up", "/t/bin/serve stop TERM=ignore say=up", "/bin/kill -KILL $MAINPID")}"));
        unit.Append(random.Maybe(4, $"ExecStopPost={random.Pick("/bin/sh -c '/t/bin/say post $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS'", "/bin/false", "/t/bin/serve post say=up", "/t/bin/serve post TERM=ignore say=up")}"));
        string[] mains = type switch
        {
            "notify" => _notifying,
            "forking" => _forking,
            _ => [.. _mains, .. _stubborn, .. _stubborn],
        };
        unit.Append(CultureInfo.InvariantCulture, $"ExecStart={random.Pick(mains)}\n");
        var steps = ImmutableArray.Create("start a", "sleep 2", "settle");
        for (int count = random.Next(3); count > 0; count--)
        {
            steps = steps.AddRange(random.Pick("restart a", "reload a", "kill -s USR1 a", "kill -s KILL a", "try-restart a", "start a", "reset-failed a", "stop a"), "sleep 1.3", "settle");
        }

        return ([("a.service", unit.ToString())], steps.AddRange("stop a", "settle", "sh test ! -e @DIR@/pid || echo the PID file is there >>trace"));
    }

    private static string Command(Random random, string stage) => $"{stage}={string.Format(CultureInfo.InvariantCulture, random.Pick(_commands), stage)}";
}
