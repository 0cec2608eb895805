using Coreutil.Applets.Fleetctl;
using Coreutil.Core.Applets;

namespace Coreutil.Tests.Core.CommandLine;

// The command lines of fleet 0.x (one dash) and 1.0 (two), as fleetctl refuses or takes them before anything is asked of a cluster.
public sealed class FleetctlStyleTests
{
    [Theory]
    [InlineData("version", 0, "fleetctl version 1.0.0\n")]
    [InlineData("-version", 0, "fleetctl version 1.0.0\n")]
    [InlineData("frob", 2, "Error: unknown command \"frob\" for \"fleetctl\"\nRun 'fleetctl --help' for usage.\n")]
    [InlineData("list-units --bogus", 2, "Error: unknown flag: --bogus\nRun 'fleetctl --help' for usage.\n")]
    [InlineData("cat --replace x", 2, "Error: unknown flag: --replace\nRun 'fleetctl --help' for usage.\n")]
    [InlineData("lo", 0, "No units given\n")]
    [InlineData("l", 2, "Error: unknown command \"l\" for \"fleetctl\"\nRun 'fleetctl --help' for usage.\n")]
    [InlineData("wh", 2, "Error: unknown command \"wh\" for \"fleetctl\"\nRun 'fleetctl --help' for usage.\n")]
    [InlineData("ssh", 1, "Unable to proceed: one machine or unit must be provided\n")]
    [InlineData("--driver=bogus list-units", 1, "Unable to initialize client: unrecognized driver \"bogus\"\n")]
    [InlineData("list-units -driver bogus", 1, "Unable to initialize client: unrecognized driver \"bogus\"\n")]
    [InlineData("--driver=a --driver=b list-units", 1, "Unable to initialize client: unrecognized driver \"b\"\n")]
    [InlineData("--endpoint=foo list-units", 1, "Unable to initialize client: URL scheme undefined\n")]
    [InlineData("--endpoint=unix://var/run/fleet.sock list-units", 1, "Unable to initialize client: unable to connect to host \"var\" with scheme \"unix\"\n")]
    [InlineData("ssh --machine=a --unit=b uptime -p", 1, "Both machine and unit flags provided, please specify only one.\n")]
    [InlineData("verify x", 2, "Command \"verify\" is deprecated, DEPRECATED - No longer works\nWARNING: The signed/verified units feature is DEPRECATED and cannot be used.\n")]
    public async Task A_command_line_is_read_as_the_originals_read_it(string line, int code, string said)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var context = new AppletContext
        {
            Out = output,
            Error = output,
            In = TextReader.Null,
            InvokedAs = "fleetctl",
            ExecutablePath = "/fleetctl",
            Environment = [],
            Time = new EagerTime(),
        };

        Assert.Equal(
            code, await FleetctlApplet.Declaration.Style.InvokeAsync(FleetctlApplet.Declaration.CreateCommand(context), context, line.Split(' '), TestContext.Current.CancellationToken));
        Assert.Equal(said, output.ToString());
    }
}
