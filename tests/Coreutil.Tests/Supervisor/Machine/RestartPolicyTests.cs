using System.Collections.Frozen;
using Coreutil.Supervisor.Machine;

namespace Coreutil.Tests.Supervisor.Machine;

public sealed class RestartPolicyTests
{
    private static readonly ProcessExit _exit3 = new(ProcessExitKind.Exited, 3);

    // systemd.service(5), the table of Restart=: columns no, always, on-success, on-failure, on-abnormal, on-abort, on-watchdog.
    [Theory]
    [InlineData(ServiceResult.Success, ".xx....")]
    [InlineData(ServiceResult.ExitCode, ".x.x...")]
    [InlineData(ServiceResult.Signal, ".x.xxx.")]
    [InlineData(ServiceResult.CoreDump, ".x.xxx.")]
    [InlineData(ServiceResult.Timeout, ".x.xx..")]
    [InlineData(ServiceResult.Watchdog, ".x.xx.x")]
    [InlineData(ServiceResult.Protocol, ".x.xx..")]
    [InlineData(ServiceResult.Resources, ".x.xx..")]
    [InlineData(ServiceResult.ExecCondition, ".x.....")]
    [InlineData(ServiceResult.StartLimitHit, ".......")]
    public void A_cause_restarts_by_the_table(ServiceResult cause, string row)
    {
        string decided = string.Concat(Enum.GetValues<RestartMode>()
            .Select(mode => RestartPolicy.Restarts(new ServiceSettings { Restart = mode }, cause, _exit3) ? 'x' : '.'));

        Assert.Equal(row, decided);
    }

    // systemd.service(5), RestartPreventExitStatus= and RestartForceExitStatus=: an entry of the first beats everything.
    [Theory]
    [InlineData(RestartMode.Always, true, false, false)]
    [InlineData(RestartMode.No, false, true, true)]
    [InlineData(RestartMode.Always, true, true, false)]
    public void An_exit_status_may_decide_alone(RestartMode mode, bool isPrevented, bool isForced, bool restarts)
    {
        var three = new ExitStatusSet(FrozenSet.Create(3), FrozenSet<int>.Empty);
        var settings = new ServiceSettings
        {
            Restart = mode,
            RestartPreventStatuses = isPrevented ? three : ExitStatusSet.Empty,
            RestartForceStatuses = isForced ? three : ExitStatusSet.Empty,
        };

        Assert.Equal(restarts, RestartPolicy.Restarts(settings, ServiceResult.ExitCode, _exit3));
    }
}
