using Coreutil.Supervisor.Machine;

namespace Coreutil.Tests.Supervisor.Machine;

// systemd.kill(5), KillMode=: SIGTERM is 15, SIGKILL 9, SIGHUP 1, SIGCONT 18.
public sealed class KillPolicyTests
{
    [Theory]
    [InlineData(KillMode.ControlGroup, false, "Group 15,Group 18")]
    [InlineData(KillMode.ControlGroup, true, "Group 9")]
    [InlineData(KillMode.Mixed, false, "Main 15,Main 18")]
    [InlineData(KillMode.Mixed, true, "Group 9")]
    [InlineData(KillMode.Process, false, "Main 15,Main 18")]
    [InlineData(KillMode.Process, true, "Main 9")]
    [InlineData(KillMode.None, false, "")]
    [InlineData(KillMode.None, true, "")]
    public void A_mode_chooses_whom_a_stage_signals(KillMode mode, bool isForced, string kills) =>
        Assert.Equal(kills, Kills(new ServiceSettings { KillMode = mode }, isForced, new ProcessView(true, false, false)));

    // SendSIGHUP=: right after the signal, before SIGCONT.
    [Fact]
    public void A_hang_up_follows_the_signal_on_demand() =>
        Assert.Equal("Group 15,Group 1,Group 18", Kills(new ServiceSettings { SendsHangUp = true }, false, new ProcessView(true, false, false)));

    [Theory]
    [InlineData(KillMode.ControlGroup)]
    [InlineData(KillMode.Mixed)]
    [InlineData(KillMode.Process)]
    public void Nobody_is_signalled_where_nobody_is(KillMode mode) =>
        Assert.Equal("", Kills(new ServiceSettings { KillMode = mode }, false, new ProcessView(false, false, true)));

    private static string Kills(ServiceSettings settings, bool isForced, ProcessView view) =>
        string.Join(',', KillPolicy.Signal(settings, isForced, view).Cast<ServiceAction.Kill>().Select(kill => $"{kill.Target} {kill.Signal}"));
}
