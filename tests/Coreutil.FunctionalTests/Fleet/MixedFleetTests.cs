using Coreutil.FunctionalTests.Units;

namespace Coreutil.FunctionalTests.Fleet;

/// <summary>
/// One machine of the original among ours, in both roles. ORIGINALS names a directory whose <c>fleet</c> holds fleetd and fleetctl 1.0; without it the
/// tests are skipped.
/// </summary>
public sealed class MixedFleetTests
{
    private static readonly string[] _units = ["on@n1.service", "on@n2.service", "on@n3.service"];

    [Theory]
    [InlineData("disable_engine=true", false)] // the original leads: our agents read the whole registry
    [InlineData("engine_reconcile_interval=1", true)]
    public async Task A_unit_runs_on_each_whoever_leads(string settings, bool mayOursLead)
    {
        NspawnHost.SkipUnlessPossible();
        string? originals = Environment.GetEnvironmentVariable("ORIGINALS");
        Assert.SkipUnless(originals is not null && File.Exists(Path.Combine(originals, "fleet", "fleetd")), "ORIGINALS names no directory with the original's fleet/fleetd");
        await using var fleet = await SystemdFleet.StartMixedAsync(Directory.CreateTempSubdirectory("coreutil-fleet-").FullName, Path.Combine(originals!, "fleet"), settings);
        await fleet.RunAsync(0, "printf '[Service]\\nExecStart=/bin/sleep 1000\\n\\n[X-Fleet]\\nMachineMetadata=hostname=%%i\\n' >/root/on@.service");

        var started = await fleet.RunAsync(0, $"cd /root && fleetctl start {string.Join(' ', _units)}");
        Assert.True(started.ExitCode == 0, started.Output + started.Error);
        Assert.Equal(3, (await fleet.MainPidsAsync(_units)).Count);

        // Nobody is given orders while the original's agent cannot read them, and its own keys are written.
        Assert.NotEqual(0, (await fleet.RunAsync(0, "etcdctl ls /_coreos.com/fleet/x-assigned | grep .")).ExitCode);
        Assert.Equal("3\n", (await fleet.RunAsync(0, "etcdctl ls /_coreos.com/fleet/state | wc -l")).Output);
        string lease = (await fleet.RunAsync(0, "etcdctl get /_coreos.com/fleet/lease/engine-leader")).Output;
        Assert.True(mayOursLead || lease.Contains(fleet.Ids[1], StringComparison.Ordinal), lease);

        // Each one's client sees the same through each one's daemon; the original's machine is asked over ssh.
        const string List = "list-units --no-legend --fields=unit,machine,active,sub";
        string ours = (await fleet.RunAsync(0, $"fleetctl {List}")).Output;
        Assert.Equal(ours, (await fleet.RunAsync(0, $"/usr/bin/original/fleetctl {List}")).Output);
        Assert.Equal(ours, (await fleet.RunAsync(1, $"fleetctl {List}")).Output);
        var status = await fleet.RunAsync(0, "set -a; . /etc/environment; set +a; fleetctl status on@n2");
        Assert.True(status.ExitCode == 0, status.Error);
        Assert.Contains("Active: active (running)", status.Output, StringComparison.Ordinal);

        // The original's engine hears of a stop by its watch or at its next look.
        Assert.Equal(0, (await fleet.RunAsync(1, $"/usr/bin/original/fleetctl stop {string.Join(' ', _units)}")).ExitCode);
        await fleet.UntilAsync(async () => (await fleet.MainPidsAsync(_units)).Count == 0, 30, "not all units stop");
        Assert.Equal(0, (await fleet.RunAsync(0, $"fleetctl destroy {string.Join(' ', _units)}")).ExitCode);
        await fleet.UntilAsync(async () => (await fleet.RunAsync(0, $"fleetctl {List}")).Output.Length == 0, 30, "the destroyed units are still shown");
    }

    [Fact]
    public async Task When_the_originals_machine_leaves_ours_go_on_by_their_own_layout_and_disturb_no_unit()
    {
        NspawnHost.SkipUnlessPossible();
        string? originals = Environment.GetEnvironmentVariable("ORIGINALS");
        Assert.SkipUnless(originals is not null && File.Exists(Path.Combine(originals, "fleet", "fleetd")), "ORIGINALS names no directory with the original's fleet/fleetd");
        await using var fleet = await SystemdFleet.StartMixedAsync(Directory.CreateTempSubdirectory("coreutil-fleet-").FullName, Path.Combine(originals!, "fleet"), "leave_running=true");
        await fleet.RunAsync(0, "printf '[Service]\\nExecStart=/bin/sleep 1000\\n\\n[X-Fleet]\\nMachineMetadata=hostname=%%i\\n' >/root/on@.service");
        Assert.Equal(0, (await fleet.RunAsync(0, "cd /root && fleetctl start on@n1 on@n3")).ExitCode);
        var before = await fleet.MainPidsAsync(_units);
        Assert.Equal(2, before.Count);

        await fleet.RunAsync(1, "systemctl stop fleet.socket fleet-tcp.socket fleet");
        await fleet.UntilAsync(async () => (await fleet.RunAsync(0, "etcdctl ls /_coreos.com/fleet/x-assigned | wc -l")).Output == "2\n", 30, "ours do not take over");
        await Task.Delay(TimeSpan.FromSeconds(5));
        Assert.Equal(before, await fleet.MainPidsAsync(_units));

        await fleet.RunAsync(1, "systemctl start fleet.socket fleet-tcp.socket fleet");
        await fleet.UntilAsync(async () => (await fleet.RunAsync(0, "etcdctl ls /_coreos.com/fleet/x-assigned | wc -l")).Output == "0\n", 30, "ours do not give way");
        await Task.Delay(TimeSpan.FromSeconds(5));
        Assert.Equal(before, await fleet.MainPidsAsync(_units));
        await fleet.UntilAsync(async () => (await fleet.RunAsync(1, "fleetctl list-units --no-legend | grep -c '\tactive'")).Output == "2\n", 30, "the original does not show the units");
    }
}
