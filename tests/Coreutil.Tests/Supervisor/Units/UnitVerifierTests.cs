using Coreutil.Supervisor.Units;
using Coreutil.Units.Files;

namespace Coreutil.Tests.Supervisor.Units;

// The texts are those of systemd 252's log where it says something; the rest tells what it does without a word.
public sealed class UnitVerifierTests
{
    private static readonly UnitVerifier _verifier = new(new SpecifierContext { HostName = "h" });

    [Theory]
    [InlineData("ExecStart=/bin/true", "")]
    [InlineData("ExecStart=/bin/true\n[X-Fleet]\nMachineOf=a.service", "")]
    [InlineData("ExecStart=/bin/true\nBogus=1", "3:1: Unknown key 'Bogus' in section [Service], ignoring.")]
    [InlineData("ExecStart=/bin/true\n[Bogus]\nA=1", "4:1: Unknown section 'Bogus'. Ignoring.")]
    [InlineData("ExecStart=/bin/true\nRestart=sometimes", "3:1: Failed to parse service restart specifier, ignoring: sometimes (one of no, always, on-success, on-failure, on-abnormal, on-abort, on-watchdog)")]
    [InlineData("ExecStart=/bin/true\nTimeoutStopSec=soon", "3:1: Failed to parse time value, ignoring: soon")]
    [InlineData("ExecStart=/bin/true\nRestartSec=soon", "3:1: Failed to parse sec value, ignoring: soon")]
    [InlineData("ExecStart=/bin/true\nKillMode=x", "3:1: Failed to parse kill mode specification, ignoring: x (one of control-group, mixed, process, none)")]
    [InlineData("ExecStartPre=/bin/echo \"a\nExecStart=/bin/true", "2:1: Unbalanced quoting, ignoring: \"/bin/echo \"a\": systemd refuses the unit (load state bad-setting), unitd ignores the line")]
    [InlineData("ExecStart=/bin/true\nRemainAfterExit=perhaps", "3:1: Failed to parse boolean value, ignoring: perhaps")]
    [InlineData("ExecStart=/bin/true\nKillSignal=SIGNOTHING", "3:1: Failed to parse signal name, ignoring: SIGNOTHING")]
    [InlineData("ExecStart=/nonexistent/x", "2:1: Command /nonexistent/x is not executable: No such file or directory: the command ends with 203/EXEC")]
    [InlineData("ExecStartPre=- /bin/true\nExecStart=/bin/true", "2:1: Empty path in command line, ignoring: '- /bin/true': a blank stands between the prefix and /bin/true; systemd ignores the line, unitd runs it: write them together")]
    [InlineData("Type=simple", "2:1: Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing. (load state bad-setting)")]
    public void A_problem_is_told_with_its_place(string lines, string problems) =>
        Assert.Equal(problems, string.Join('|', _verifier.Verify("a.service", "/a.service", $"[Service]\n{lines}\n")));

    [Fact]
    public void A_name_that_fleet_refuses_is_told() =>
        Assert.Contains(_verifier.Verify("a b.service", "/a b.service", "[Service]\nExecStart=/bin/true\n"), problem => problem.What == "invalid character ' ' in unit name: fleet takes no such unit");
}
