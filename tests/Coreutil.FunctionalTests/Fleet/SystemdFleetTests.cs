using Coreutil.FunctionalTests.Units;

namespace Coreutil.FunctionalTests.Fleet;

/// <summary>A fleet of three hosts with real systemd and three members of etcd: the seeds' lines, and what must not disturb a unit.</summary>
public sealed class SystemdFleetTests
{
    /// <summary>Lines of the seeds whose exit code is not 0: a unit that does not run, and a unit that is told to be stopped and fails by its own code.</summary>
    private static readonly Dictionary<string, string> _otherCodes = new() { ["fleetctl status paas-monitor.service"] = "3" };

    [Fact]
    public async Task Every_line_of_the_seeds_works_word_for_word()
    {
        NspawnHost.SkipUnlessPossible();
        await using var fleet = await SystemdFleet.StartAsync(Directory.CreateTempSubdirectory("coreutil-fleet-").FullName);

        var run = await fleet.RunAsync(0, "set -a; . /etc/environment; set +a; /root/seeds/seeds.sh", TimeSpan.FromMinutes(5));

        string[][] lines = [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t', 3))];
        await File.WriteAllTextAsync(Path.Combine(Published.Root, "out", "seeds.tsv"), run.Output);
        Assert.True(lines.Length > 45, $"only {lines.Length} lines ran: {run.Output}{run.Error}");
        Assert.All(lines, line => Assert.True(line[0] == _otherCodes.GetValueOrDefault(line[1], "0"), string.Join('\t', line)));
    }

    [Fact]
    public async Task No_outage_disturbs_a_unit_of_systemd()
    {
        NspawnHost.SkipUnlessPossible();
        await using var fleet = await SystemdFleet.StartAsync(Directory.CreateTempSubdirectory("coreutil-fleet-").FullName, "leave_running=true", "agent_ttl=\"12s\"");
        string[] units = ["s@1.service", "s@2.service", "s@3.service", "s@4.service", "all.service"];
        var started = await fleet.RunAsync(0, """
            cd /root
            printf '[Service]\nExecStart=/bin/sleep 1000\n' >s@.service
            printf '[Service]\nExecStart=/bin/sleep 1000\n\n[X-Fleet]\nGlobal=true\n' >all.service
            fleetctl start s@1.service s@2.service s@3.service s@4.service all.service
            """);
        Assert.True(started.ExitCode == 0, started.Output + started.Error);
        await fleet.UntilAsync(async () => (await fleet.MainPidsAsync(units)).Count == 7, 30, "not all units run");
        var before = await fleet.MainPidsAsync(units);

        await CompareAfterAsync("etcd away for two TTLs", async () =>
        {
            await OnAllAsync(fleet, "systemctl stop etcd");
            await Task.Delay(TimeSpan.FromSeconds(24));
            await OnAllAsync(fleet, "systemctl start etcd");
        });
        await CompareAfterAsync("a crash of every fleetd", () => OnAllAsync(fleet, "kill -KILL $(pidof fleetd)"));
        await CompareAfterAsync("a restart of every fleetd", () => OnAllAsync(fleet, "systemctl restart fleet"));
        await CompareAfterAsync("a reload of every fleetd", () => OnAllAsync(fleet, "kill -HUP $(pidof fleetd)"));
        var reloads = await fleet.RunAsync(0, "journalctl _PID=$(pidof fleetd) --no-pager | grep -c 'Reloading configuration'; systemctl show -p Result --value fleet");
        Assert.Equal("1\nsuccess\n", reloads.Output);

        // One host is cut off for less than anybody would notice; then each is alone for so long that every object expires, and etcd has no leader.
        await CompareAfterAsync("two seconds without a network", () => CutOffAsync(2, 2));
        await CompareAfterAsync("every host alone for two TTLs", () => CutOffAsync(24, 1, 2));

        // One host alone loses its units to the others after a TTL, as with the original, unless they are told to wait for it.
        await CompareAfterAsync("a longer grace", () => OnAllAsync(fleet, "echo 'engine_reschedule_grace=\"2m\"' >>/etc/fleet/fleet.conf; kill -HUP $(pidof fleetd)"));
        await CompareAfterAsync("one host alone for two TTLs within the grace", () => CutOffAsync(24, 2));

        async Task CutOffAsync(int seconds, params int[] hosts)
        {
            foreach (bool isIn in (bool[])[false, true])
            {
                foreach (int host in hosts)
                {
                    await fleet.PlugAsync(host, isIn);
                }

                await Task.Delay(isIn ? TimeSpan.Zero : TimeSpan.FromSeconds(seconds));
            }
        }

        async Task CompareAfterAsync(string what, Func<Task> disturb)
        {
            await disturb();
            await fleet.UntilAsync(
                async () => (await fleet.RunAsync(0, "fleetctl list-units --no-legend | grep -c '\tactive'")).Output == "7\n"
                    && (await fleet.RunAsync(0, "fleetctl list-machines --no-legend | wc -l")).Output == "3\n",
                90,
                $"after {what} the cluster does not show its 7 units");
            await Task.Delay(TimeSpan.FromSeconds(4));
            Assert.Equal(before, await fleet.MainPidsAsync(units));
        }
    }

    [Fact]
    public async Task A_host_that_is_lost_or_takes_its_leave_loses_its_units_to_the_others()
    {
        NspawnHost.SkipUnlessPossible();
        await using var fleet = await SystemdFleet.StartAsync(Directory.CreateTempSubdirectory("coreutil-fleet-").FullName);
        var started = await fleet.RunAsync(0, """
            cd /root
            printf '[Service]\nExecStart=/bin/sleep 1000\n\n[X-Fleet]\nMachineMetadata=hostname=n3\nMachineMetadata=hostname=n2\n' >a.service
            fleetctl start a.service
            """);
        Assert.True(started.ExitCode == 0, started.Output + started.Error);
        Assert.Equal("a.service\t172.18.1.2\n", (await WhereAsync()).Replace($"{fleet.Ids[1]}/", "", StringComparison.Ordinal));

        // A graceful end: stopped there and started elsewhere within a tick.
        await fleet.RunAsync(1, "systemctl stop fleet.socket fleet-tcp.socket fleet");
        await fleet.UntilAsync(async () => (await WhereAsync()).Contains("172.18.1.3", StringComparison.Ordinal), 20, "the unit does not move");
        Assert.Equal("inactive\n", (await fleet.RunAsync(1, "systemctl is-active a.service")).Output);
        Assert.Equal("success\n", (await fleet.RunAsync(1, "systemctl show -p Result --value fleet")).Output);
        await fleet.RunAsync(1, "systemctl start fleet.socket fleet-tcp.socket fleet");
        await fleet.UntilAsync(async () => (await fleet.RunAsync(0, "fleetctl list-machines --no-legend | wc -l")).Output == "3\n", 20, "the machine is not back");

        // The power fails on the other: so does a member of etcd, and perhaps the engine's leader.
        await fleet.CrashAsync(2);
        await fleet.UntilAsync(async () => (await WhereAsync()).Contains("172.18.1.2", StringComparison.Ordinal), 40, "the lost machine's unit does not move");
        await fleet.UntilAsync(async () => (await fleet.RunAsync(1, "systemctl is-active a.service")).Output == "active\n", 20, "the unit does not run");

        Task<string> WhereAsync() => ReadAsync("fleetctl list-units --no-legend --full --fields=unit,machine");

        async Task<string> ReadAsync(string command) => (await fleet.RunAsync(0, command)).Output;
    }

    private static async Task OnAllAsync(SystemdFleet fleet, string command)
    {
        for (int host = 0; host < 3; host++)
        {
            await fleet.RunAsync(host, command);
        }
    }
}
