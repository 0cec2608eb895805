using System.Collections.Immutable;
using System.Text.Json;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Units;

namespace Coreutil.Tests.Supervisor.Machine;

/// <summary>
/// What a service goes through, by systemd.service(5) and, where fleet §i recorded it, systemd 252: after each event the sub state, and at the end the result. <c>main 2</c> and <c>control 2</c>
/// are exits of these processes with a code, or a signal's name; <c>timer</c> is the armed timer.
/// </summary>
public sealed class ServiceMachineTests
{
    [Theory]
    [InlineData("", "start", "running success")]
    [InlineData("pre post", "start, control 0, control 0", "start-pre start-post running success")]
    [InlineData("", "start, main 0", "running dead success")]
    [InlineData("", "start, main 2", "running failed exit-code")]
    [InlineData("", "start, main TERM", "running dead success")]
    [InlineData("", "start, main KILL", "running failed signal")]
    [InlineData("remain", "start, main 0, stop", "running exited dead success")]
    public void A_simple_service_lives(string settings, string events, string states) => Assert.Equal(states, Play(settings, events));

    [Theory]
    [InlineData("oneshot", "start, main 0", "start dead success")]
    [InlineData("oneshot", "start, main 1", "start failed exit-code")]
    [InlineData("oneshot", "start, main TERM", "start failed signal")]
    [InlineData("oneshot two", "start, main 0, main 0", "start start dead success")]
    [InlineData("oneshot two", "start, main 1", "start failed exit-code")]
    [InlineData("oneshot remain", "start, main 0, stop", "start exited dead success")]
    public void A_oneshot_runs_its_commands_in_order(string settings, string events, string states) => Assert.Equal(states, Play(settings, events));

    // ExecStop runs at a stop and after a clean end, not after a failure; ExecStopPost always does.
    [Theory]
    [InlineData("", "start, stop, main TERM", "running stop-sigterm dead success")]
    [InlineData("stop stoppost", "start, stop, control 0, main TERM, control 0", "running stop stop-sigterm stop-post dead success")]
    [InlineData("stop", "start, main 0, control 0", "running stop dead success")]
    [InlineData("stop stoppost", "start, main 2, control 0", "running stop-post failed exit-code")]
    [InlineData("stop", "start, stop, control 1, main TERM", "running stop stop-sigterm failed exit-code")]
    [InlineData("", "start, stop, timer, main KILL", "running stop-sigterm stop-sigkill failed timeout")]
    [InlineData("none", "start, stop", "running dead success")]
    [InlineData("abort", "start, stop, timer, timer, main KILL", "running stop-sigterm stop-watchdog stop-sigkill failed timeout")]
    [InlineData("stop kill", "start, stop, timer, main KILL, control KILL", "running stop stop-sigkill stop-sigkill failed timeout")]
    [InlineData("stoppost abort", "start, main 0, timer, timer, control KILL", "running stop-post final-watchdog final-sigkill failed timeout")]
    [InlineData("stoppost kill", "start, main 0, timer, control KILL", "running stop-post final-sigkill failed timeout")]
    [InlineData("kill spare", "start, stop, timer, timer", "running stop-sigterm final-sigterm failed timeout")]
    public void A_service_stops(string settings, string events, string states) => Assert.Equal(states, Play(settings, events));

    [Theory]
    [InlineData("pre stop stoppost", "start, control 1, control 0", "start-pre stop-post failed exit-code")]
    [InlineData("pre ignored", "start, control 1", "start-pre running success")]
    [InlineData("post stop stoppost", "start, control 1, main TERM, control 0", "start-post stop-sigterm stop-post failed exit-code")]
    [InlineData("pre stoppost", "start, timer, control TERM, control 0", "start-pre stop-sigterm stop-post failed timeout")]
    [InlineData("pre", "start, stop, control TERM", "start-pre stop-sigterm failed signal")]
    [InlineData("pre ignored", "start, stop, control TERM", "start-pre stop-sigterm dead success")]
    [InlineData("stop", "start, refused main", "running failed resources")]
    [InlineData("exec abort", "start, timer, main ABRT", "start stop-watchdog failed timeout")]
    [InlineData("exec kill", "start, timer, main KILL", "start stop-sigkill failed timeout")]
    [InlineData("spare", "left, start", "dead stop-sigterm resources")]
    [InlineData("spare pre", "left, start", "dead failed resources")]
    [InlineData("forking", "start, control TERM", "start dead success")]
    public void A_start_that_fails_is_cleared_away(string settings, string events, string states) => Assert.Equal(states, Play(settings, events));

    // The end of RestartSec= asks for a job; the job stops (which ends the waiting) and starts.
    [Theory]
    [InlineData("always", "start, main 0, timer, restart, start", "running auto-restart auto-restart dead running success")]
    [InlineData("always", "start, main 2, stop", "running auto-restart dead exit-code")]
    [InlineData("always", "start, stop, main TERM", "running stop-sigterm dead success")]
    [InlineData("always", "start, main 2, timer, restart, limit", "running auto-restart auto-restart dead failed exit-code")]
    [InlineData("", "start, main 0, limit", "running dead failed start-limit-hit")]
    [InlineData("", "start, main 2, reset, start", "running failed dead running success")]
    public void A_service_comes_back(string settings, string events, string states) => Assert.Equal(states, Play(settings, events));

    [Theory]
    [InlineData("notify", "start, ready", "start running success")]
    [InlineData("notify", "start, main 0", "start failed protocol")]
    [InlineData("notify", "start, main 3", "start failed exit-code")]
    [InlineData("notify", "start, timer, main TERM", "start stop-sigterm failed timeout")]
    [InlineData("notify", "start, ready, reloading, ready", "start running reload running success")]
    [InlineData("notify", "start, ready, stopping, main 0", "start running stop-sigterm dead success")]
    [InlineData("notify", "start, ready, watchdog, main ABRT", "start running stop-watchdog failed watchdog")]
    [InlineData("exec", "start, main 203", "start failed exit-code")]
    public void A_service_that_tells_is_heard(string settings, string events, string states) => Assert.Equal(states, Play(settings, events));

    [Theory]
    [InlineData("forking", "start, control 1", "start failed exit-code")]
    [InlineData("forking", "start, stop, control TERM", "start stop-sigterm dead success")]
    [InlineData("forking", "start, daemon, control 0", "start start running success")]
    [InlineData("forking", "start, daemon, control 0, main 0", "start start running dead success")]
    [InlineData("forking", "start, control 0", "start dead success")]
    [InlineData("forking pidfile", "start, control 0", "start failed protocol")]
    [InlineData("forking pidfile", "start, left, control 0, daemon, pidfile", "start start start start running success")]
    public void A_daemon_forks_away(string settings, string events, string states) => Assert.Equal(states, Play(settings, events));

    [Theory]
    [InlineData("condition", "start, control 0", "condition running success")]
    [InlineData("condition stoppost", "start, control 1, control 0", "condition stop-post dead exec-condition")]
    [InlineData("condition", "start, control 255", "condition failed exit-code")]
    [InlineData("reload", "start, reload, control 0", "running reload running success")]
    [InlineData("reload", "start, reload, control 1", "running reload running success")]
    [InlineData("reload", "start, reload, stop, control TERM, main TERM", "running reload stop-sigterm stop-sigterm failed signal")]
    [InlineData("longest", "start, timer, main TERM", "running stop-sigterm failed timeout")]
    public void A_service_has_other_stages(string settings, string events, string states) => Assert.Equal(states, Play(settings, events));

    // The file system counts, not how mount(8) and umount(8) end.
    [Theory]
    [InlineData("start, mounted, main 0, stop, unmounted, control 0", "start start exited stop stop dead success")]
    [InlineData("start, unmounted, main 0", "start start failed protocol")]
    [InlineData("start, unmounted, main 32", "start start failed exit-code")]
    [InlineData("start, mounted, main 32", "start start exited exit-code")]
    [InlineData("start, mounted, main 0, stop, mounted, control 32", "start start exited stop stop exited exit-code")]
    [InlineData("start, unmounted, main 32, mounted", "start start failed exited success")]
    [InlineData("mounted, unmounted", "exited dead success")]
    public void A_file_system_is_mounted(string events, string states) => Assert.Equal(states, Play("oneshot remain stop", events));

    [Fact]
    public void Restarts_are_counted_until_somebody_starts_it_anew()
    {
        var player = new Player(Settings("always"));
        player.Play("start, main 2, timer, restart, start, main 2, timer, restart, start");
        Assert.Equal(2, player.Machine.RestartCount);

        player.Play("stop, main TERM, start");
        Assert.Equal(0, player.Machine.RestartCount);
    }

    // systemd's rate limit counts from the first start of an interval, not over a sliding one.
    [Fact]
    public void Starts_are_limited_in_an_interval()
    {
        var limit = new StartLimit();
        var begin = DateTimeOffset.UnixEpoch;
        Assert.True(limit.TryTake(2, TimeSpan.FromSeconds(10), begin));
        Assert.True(limit.TryTake(2, TimeSpan.FromSeconds(10), begin.AddSeconds(9)));
        Assert.False(limit.TryTake(2, TimeSpan.FromSeconds(10), begin.AddSeconds(9)));
        Assert.True(limit.TryTake(2, TimeSpan.FromSeconds(10), begin.AddSeconds(10)));
        Assert.True(limit.TryTake(0, TimeSpan.FromSeconds(10), begin));
    }

    /// <summary>Each sequence is played twice: the second time every event meets another machine, which was told what the one before it knew.</summary>
    private static string Play(string settings, string events)
    {
        string[] played = [.. ((bool[])[false, true]).Select(isHandedOn =>
        {
            var player = new Player(Settings(settings), isHandedOn);
            string states = player.Play(events);
            return $"{states} {ServiceNames.Result(player.Machine.Result)}";
        })];
        Assert.Equal(played[0], played[1]);
        return played[0];
    }

    private static ServiceSettings Settings(string words)
    {
        string[] set = words.Split(' ');
        bool isIgnored = set.Contains("ignored");
        return new ServiceSettings
        {
            Type = set.Contains("oneshot") ? ServiceType.Oneshot
                : set.Contains("notify") ? ServiceType.Notify
                : set.Contains("exec") ? ServiceType.Exec
                : set.Contains("forking") ? ServiceType.Forking
                : ServiceType.Simple,
            Condition = Commands("condition"),
            Reload = Commands("reload"),
            PidFile = set.Contains("pidfile") ? "/run/a.pid" : null,
            Watchdog = set.Contains("notify") ? TimeSpan.FromSeconds(1) : null,
            LongestRun = set.Contains("longest") ? TimeSpan.FromSeconds(1) : null,
            StartPre = Commands("pre"),
            Start = set.Contains("two") ? [Command("main"), Command("main")] : [Command("main")],
            StartPost = Commands("post"),
            Stop = Commands("stop"),
            StopPost = Commands("stoppost"),
            RemainsAfterExit = set.Contains("remain"),
            Restart = set.Contains("always") ? RestartMode.Always : RestartMode.No,
            StartFailureMode = FailureMode(),
            StopFailureMode = FailureMode(),
            SendsKill = !set.Contains("spare"),
            KillMode = set.Contains("none") ? KillMode.None : KillMode.ControlGroup,
        };

        TimeoutFailureMode FailureMode() => set.Contains("abort") ? TimeoutFailureMode.Abort : set.Contains("kill") ? TimeoutFailureMode.Kill : TimeoutFailureMode.Terminate;
        ImmutableArray<ServiceCommand> Commands(string word) => set.Contains(word) ? [Command(word)] : [];
        ServiceCommand Command(string word) => new($"/bin/{word}", [$"/bin/{word}"], isIgnored);
    }

    /// <summary>The processes around a machine: alive from the action that runs them to the event that ends them.</summary>
    private sealed class Player(ServiceSettings settings, bool isHandedOn = false)
    {
        private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
        private bool _isMainAlive;
        private bool _isControlAlive;
        private bool _isSomebodyLeft;
        private int? _daemon;
        private bool? _isMounted;

        public ServiceMachine Machine { get; private set; } = new(settings);

        private ProcessView View => new(_isMainAlive, _isControlAlive, !_isMainAlive && !_isControlAlive && !_isSomebodyLeft, _daemon);

        public string Play(string events)
        {
            var states = new List<string>();
            foreach (string step in events.Split(", "))
            {
                (_daemon, _isSomebodyLeft) = step switch
                {
                    "daemon" => (7, true),
                    "left" => (null, true),
                    _ => (_daemon, _isSomebodyLeft),
                };
                if (step is not ("daemon" or "left"))
                {
                    HandOn();
                    Step(step);
                }

                _now += TimeSpan.FromMilliseconds(1);
                states.Add(ServiceNames.SubState(Machine.State));
            }

            return string.Join(' ', states);
        }

        private void HandOn()
        {
            if (isHandedOn)
            {
                var memory = new UnitMemory { Name = "a.service", Service = new() { Machine = Machine.Remember() } };
                byte[] written = JsonSerializer.SerializeToUtf8Bytes(memory, UnitMemoryJson.Default.UnitMemory);
                Machine = new(settings);
                Machine.Recall(JsonSerializer.Deserialize(written, UnitMemoryJson.Default.UnitMemory)!.Service!.Machine);
                if (_isMounted is { } isMounted)
                {
                    Machine.Observe(isMounted, _now, View);
                }
            }
        }

        private void Step(string step)
        {
            string[] words = step.Split(' ');
            if (words[^1] == "main" || words[0] == "main")
            {
                (_isMainAlive, _daemon, _isSomebodyLeft) = (false, null, false);
            }

            if (words[0] == "control")
            {
                _isControlAlive = false;
            }

            var actions = words[0] switch
            {
                "start" => Machine.Start(_now, View),
                "stop" => Machine.Stop(isRestart: false, _now, View),
                "restart" => Machine.Stop(isRestart: true, _now, View),
                "reload" => Machine.Reload(_now, View),
                "limit" => Machine.RefuseStart(_now, View),
                "watchdog" => Machine.OnWatchdog(_now, View),
                "ready" => Notify("READY"),
                "reloading" => Notify("RELOADING"),
                "stopping" => Notify("STOPPING"),
                "pidfile" => Machine.OnPidFile(_now, View),
                "timer" => Machine.OnTimer(_now, View),
                "reset" => Machine.ResetFailed(),
                "mounted" => Observe(isMounted: true),
                "unmounted" => Observe(isMounted: false),
                "main" => Machine.OnMainExited(Exit(words[1]), _now, View),
                "control" => Machine.OnControlExited(Exit(words[1]), _now, View),
                "refused" => Machine.OnRunFailed(ProcessRole.Main, "no such file", _now, View),
                _ => throw new ArgumentOutOfRangeException(nameof(step)),
            };
            _isMainAlive |= actions.OfType<ServiceAction.AdoptMain>().Any();
            foreach (var run in actions.OfType<ServiceAction.Run>())
            {
                _isMainAlive |= run.Role == ProcessRole.Main;
                _isControlAlive |= run.Role == ProcessRole.Control;
            }
        }

        private ImmutableArray<ServiceAction> Observe(bool isMounted)
        {
            _isMounted = isMounted;
            return Machine.Observe(isMounted, _now, View);
        }

        private ImmutableArray<ServiceAction> Notify(string state) => Machine.OnNotified([KeyValuePair.Create(state, "1")], _ => false, _now, View);

        private static ProcessExit Exit(string word) => int.TryParse(word, out int code)
            ? new(ProcessExitKind.Exited, code)
            : new(ProcessExitKind.Killed, Signals.Parse(word)!.Value);
    }
}
