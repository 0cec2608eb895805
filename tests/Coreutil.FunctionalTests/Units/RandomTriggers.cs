using System.Collections.Immutable;

namespace Coreutil.FunctionalTests.Units;

/// <summary>A timer, path or socket by chance, and what it starts.</summary>
internal static class RandomTriggers
{
    public static (ImmutableArray<(string Name, string Text)> Units, ImmutableArray<string> Steps) Create(Random random)
    {
        var (trigger, settings, act) = random.Next(3) switch
        {
            0 => ("a.timer", Timer(random), ImmutableArray<string>.Empty),
            1 => Path(random),
            _ => ("a.socket", "ListenStream=@DIR@/s\n" + random.Maybe(4, "RemoveOnStop=yes"), ["sh perl -MIO::Socket::UNIX -e '$s=IO::Socket::UNIX->new(\"@DIR@/s\") and $s->print(\"hello\\n\")'"]),
        };
        string service = $"[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=60\n[Service]\n{random.Maybe(4, "Restart=on-failure")}" + random.Pick(
            "ExecStart=/t/bin/serve a say=up\n", "ExecStart=/t/bin/serve a say=up\n", "Type=oneshot\nExecStart=/t/bin/say a\n", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/t/bin/say a\n",
            "Type=oneshot\nExecStart=/bin/false\n", "ExecStart=/nonexistent/a\n", "ExecStartPre=/bin/false\nExecStart=/t/bin/serve a say=up\n", "Type=oneshot\nExecStart=/bin/sh -c 'rm -f @DIR@/there @DIR@/in/*; /t/bin/say a'\n",
            "ExecStart=/t/bin/serve a fds accept\n", "ExecStart=/t/bin/serve a say=up sleep=0.5 exit=0\n");
        var steps = ImmutableArray.Create($"start {trigger}", "sleep 1.5").AddRange(act).AddRange("sleep 1.5", "settle");
        for (int count = random.Next(3); count > 0; count--)
        {
            string step = random.Pick("stop a", "stop a", $"restart {trigger}", $"stop {trigger}", $"start {trigger}", "start a", "restart a", "kill -s KILL a");
            steps = steps.AddRange(step, "sleep 1").AddRange(act).AddRange("sleep 1.5", "settle");
        }

        return ([(trigger, settings), ("a.service", service)], steps.AddRange("sh rm -rf @DIR@/there @DIR@/in", $"stop {trigger}"));
    }

    private static string Timer(Random random) =>
        "AccuracySec=1ms\n" + random.Pick("OnActiveSec=500ms\n", "OnActiveSec=0\n", "OnActiveSec=500ms\nOnActiveSec=800ms\n", "OnStartupSec=1\n", "OnBootSec=1\nOnActiveSec=300ms\n", "OnUnitActiveSec=1h\n", "OnActiveSec=500ms\nOnUnitInactiveSec=1h\n")
        + random.Maybe(3, "RemainAfterElapse=no");

    private static (string, string, ImmutableArray<string>) Path(Random random) => random.Next(4) switch
    {
        0 => ("a.path", "PathExists=@DIR@/there\n", ["sh touch @DIR@/there"]),
        1 => ("a.path", "PathChanged=@DIR@/there\n", ["sh echo x >>@DIR@/there"]),
        2 => ("a.path", "DirectoryNotEmpty=@DIR@/in\nMakeDirectory=yes\n", ["sh mkdir -p @DIR@/in; touch @DIR@/in/x"]),
        _ => ("a.path", "PathExistsGlob=@DIR@/the*\n", ["sh touch @DIR@/there"]),
    };
}
