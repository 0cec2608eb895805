using System.Collections.Immutable;
using Coreutil.Supervisor.Machine;

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
    public void A_service_stops(string settings, string events, string states) => Assert.Equal(states, Play(settings, events));

    [Theory]
    [InlineData("pre stop stoppost", "start, control 1, control 0", "start-pre stop-post failed exit-code")]
    [InlineData("pre ignored", "start, control 1", "start-pre running success")]
    [InlineData("post stop stoppost", "start, control 1, main TERM, control 0", "start-post stop-sigterm stop-post failed exit-code")]
    [InlineData("pre stoppost", "start, timer, control TERM, control 0", "start-pre stop-sigterm stop-post failed timeout")]
    [InlineData("pre", "start, stop, control TERM", "start-pre stop-sigterm dead success")]
    [InlineData("stop", "start, refused main", "running failed resources")]
    public void A_start_that_fails_is_cleared_away(string settings, string events, string states) => Assert.Equal(states, Play(settings, events));

    [Theory]
    [InlineData("always", "start, main 0, timer", "running auto-restart running success")]
    [InlineData("always", "start, main 2, stop", "running auto-restart dead success")]
    [InlineData("always", "start, stop, main TERM", "running stop-sigterm dead success")]
    [InlineData("always burst2", "start, main 2, timer, main 2, timer", "running auto-restart running auto-restart failed exit-code")]
    [InlineData("burst2", "start, main 0, start, main 0, start", "running dead running dead failed start-limit-hit")]
    [InlineData("burst2", "start, main 2, start, main 2, reset, start", "running failed running failed dead running success")]
    public void A_service_comes_back(string settings, string events, string states) => Assert.Equal(states, Play(settings, events));

    [Fact]
    public void Restarts_are_counted_until_somebody_starts_it_anew()
    {
        var player = new Player(Settings("always"));
        player.Play("start, main 2, timer, main 2, timer");
        Assert.Equal(2, player.Machine.RestartCount);

        player.Play("stop, main TERM, start");
        Assert.Equal(0, player.Machine.RestartCount);
    }

    [Fact]
    public void Starts_longer_ago_than_the_interval_do_not_count()
    {
        var player = new Player(Settings("burst2"));
        player.Play("start, main 0, start, main 0, later, start");

        Assert.Equal(ServiceState.Running, player.Machine.State);
    }

    private static string Play(string settings, string events)
    {
        var player = new Player(Settings(settings));
        string states = player.Play(events);
        return $"{states} {ServiceNames.Result(player.Machine.Result)}";
    }

    private static ServiceSettings Settings(string words)
    {
        string[] set = words.Split(' ');
        bool isIgnored = set.Contains("ignored");
        return new ServiceSettings
        {
            Type = set.Contains("oneshot") ? ServiceType.Oneshot : ServiceType.Simple,
            StartPre = Commands("pre"),
            Start = set.Contains("two") ? [Command("main"), Command("main")] : [Command("main")],
            StartPost = Commands("post"),
            Stop = Commands("stop"),
            StopPost = Commands("stoppost"),
            RemainsAfterExit = set.Contains("remain"),
            Restart = set.Contains("always") ? RestartMode.Always : RestartMode.No,
            KillMode = set.Contains("none") ? KillMode.None : KillMode.ControlGroup,
            StartLimitBurst = set.Contains("burst2") ? 2 : 100,
        };

        ImmutableArray<ServiceCommand> Commands(string word) => set.Contains(word) ? [Command(word)] : [];
        ServiceCommand Command(string word) => new($"/bin/{word}", [$"/bin/{word}"], isIgnored);
    }

    /// <summary>The processes around a machine: alive from the action that runs them to the event that ends them.</summary>
    private sealed class Player(ServiceSettings settings)
    {
        private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
        private bool _isMainAlive;
        private bool _isControlAlive;

        public ServiceMachine Machine { get; } = new(settings);

        private ProcessView View => new(_isMainAlive, _isControlAlive, !_isMainAlive && !_isControlAlive);

        public string Play(string events)
        {
            var states = new List<string>();
            foreach (string step in events.Split(", "))
            {
                if (step == "later")
                {
                    _now += TimeSpan.FromMinutes(1);
                    continue;
                }

                Step(step);
                states.Add(ServiceNames.SubState(Machine.State));
            }

            return string.Join(' ', states);
        }

        private void Step(string step)
        {
            string[] words = step.Split(' ');
            if (words[^1] == "main" || words[0] == "main")
            {
                _isMainAlive = false;
            }

            if (words[0] == "control")
            {
                _isControlAlive = false;
            }

            var actions = words[0] switch
            {
                "start" => Machine.Start(_now, View),
                "stop" => Machine.Stop(_now, View),
                "timer" => Machine.OnTimer(_now, View),
                "reset" => Machine.ResetFailed(),
                "main" => Machine.OnMainExited(Exit(words[1]), _now, View),
                "control" => Machine.OnControlExited(Exit(words[1]), _now, View),
                "refused" => Machine.OnRunFailed(ProcessRole.Main, "no such file", _now, View),
                _ => throw new ArgumentOutOfRangeException(nameof(step)),
            };
            foreach (var run in actions.OfType<ServiceAction.Run>())
            {
                _isMainAlive |= run.Role == ProcessRole.Main;
                _isControlAlive |= run.Role == ProcessRole.Control;
            }
        }

        private static ProcessExit Exit(string word) => int.TryParse(word, out int code)
            ? new(ProcessExitKind.Exited, code)
            : new(ProcessExitKind.Killed, Signals.Parse(word)!.Value);
    }
}
