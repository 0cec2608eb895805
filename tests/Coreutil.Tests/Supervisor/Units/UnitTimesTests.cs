using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Units;

namespace Coreutil.Tests.Supervisor.Units;

// systemd's *Timestamp properties, and what is kept of the commands of a service.
public sealed class UnitTimesTests
{
    [Fact]
    public void Each_border_that_is_crossed_has_its_time()
    {
        var times = new UnitTimes().Enter("activating", At(1)).Enter("active", At(2)).Enter("reloading", At(3)).Enter("deactivating", At(4)).Enter("failed", At(5));

        Assert.Equal((At(1), At(2), At(4), At(5), At(5)), (times.InactiveExit, times.ActiveEnter, times.ActiveExit, times.InactiveEnter, times.StateChange));
        Assert.Equal(At(5), times.Since);
    }

    [Theory]
    [InlineData("active", 2)]
    [InlineData("activating", 1)]
    [InlineData("deactivating", 4)]
    [InlineData("inactive", 5)]
    public void Status_counts_from_when_it_came_there(string activeState, int second)
    {
        var times = new UnitTimes { ActiveState = activeState, InactiveExit = At(1), ActiveEnter = At(2), ActiveExit = At(4), InactiveEnter = At(5), StateChange = At(6) };

        Assert.Equal(At(second), times.Since);
    }

    [Fact]
    public void Runs_of_commands_survive_a_file_that_is_read_anew()
    {
        var (before, after) = (Settings(), Settings());
        var runs = new CommandRuns();
        runs.Begin(before.StartPre[0], 10, At(1));
        runs.End(10, new(ProcessExitKind.Exited, 3), At(2));
        runs.Begin(before.Start[0], 11, At(3));
        runs.BeginMain(11, At(3));
        runs.Recall(after, runs.Remember(before), runs.Main);

        Assert.Equal(new CommandRun(10, At(1)) { Stop = At(2), Exit = new(ProcessExitKind.Exited, 3) }, runs.Of(after.StartPre[0]));
        Assert.Equal(new CommandRun(11, At(3)), runs.Of(after.Start[0]));
        Assert.Equal(11, runs.Main?.Pid);
        Assert.Null(runs.Of(before.Start[0]));

        static ServiceSettings Settings() => new() { StartPre = [new("/bin/a", ["/bin/a"])], Start = [new("/bin/b", ["/bin/b"])] };
    }

    private static Moment At(int second) => new(DateTimeOffset.UnixEpoch.AddSeconds(second), second * 1_000_000L);
}
