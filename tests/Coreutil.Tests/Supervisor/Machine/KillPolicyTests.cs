using Coreutil.Supervisor.Machine;

namespace Coreutil.Tests.Supervisor.Machine;

// systemd.kill(5), KillMode=: SIGTERM is 15, SIGKILL 9, SIGHUP 1, SIGCONT 18.
public sealed class KillPolicyTests
{
    [Theory]
    [InlineData(KillMode.ControlGroup, KillPurpose.Terminate, "Group 15,Group 18")]
    [InlineData(KillMode.ControlGroup, KillPurpose.Final, "Group 9")]
    [InlineData(KillMode.Mixed, KillPurpose.Terminate, "Main 15,Main 18")]
    [InlineData(KillMode.Mixed, KillPurpose.Final, "Group 9")]
    [InlineData(KillMode.Process, KillPurpose.Terminate, "Main 15,Main 18")]
    [InlineData(KillMode.Process, KillPurpose.Final, "Main 9")]
    [InlineData(KillMode.None, KillPurpose.Terminate, "")]
    [InlineData(KillMode.None, KillPurpose.Final, "")]
    public void A_mode_chooses_whom_a_stage_signals(KillMode mode, KillPurpose purpose, string kills) =>
        Assert.Equal(kills, Kills(new ServiceSettings { KillMode = mode }, purpose, new ProcessView(true, false, false)));

    // SendSIGHUP=: right after the signal, before SIGCONT.
    [Fact]
    public void A_hang_up_follows_the_signal_on_demand() =>
        Assert.Equal("Group 15,Group 1,Group 18", Kills(new ServiceSettings { SendsHangUp = true }, KillPurpose.Terminate, new ProcessView(true, false, false)));

    // kill.c of systemd 252: neither behind itself, nor where a start follows.
    [Theory]
    [InlineData(KillPurpose.Terminate, Signals.HangUp, "Group 1,Group 18")]
    [InlineData(KillPurpose.Restart, Signals.Terminate, "Group 15,Group 18")]
    public void A_hang_up_follows_no_restart_and_no_hang_up(KillPurpose purpose, int signal, string kills) =>
        Assert.Equal(kills, Kills(new ServiceSettings { SendsHangUp = true, KillSignal = signal }, purpose, new ProcessView(true, false, false)));

    [Theory]
    [InlineData(KillMode.ControlGroup)]
    [InlineData(KillMode.Mixed)]
    [InlineData(KillMode.Process)]
    public void Nobody_is_signalled_where_nobody_is(KillMode mode) =>
        Assert.Equal("", Kills(new ServiceSettings { KillMode = mode }, KillPurpose.Terminate, new ProcessView(false, false, true)));

    private static string Kills(ServiceSettings settings, KillPurpose purpose, ProcessView view) =>
        string.Join(',', KillPolicy.Signal(settings, purpose, view).Cast<ServiceAction.Kill>().Select(kill => $"{kill.Target} {kill.Signal}"));
}
