namespace Coreutil.FunctionalTests.Fleet;

/// <summary>Whatever happens to the store, to fleetd and to the engine: the main processes of all units are the same before and after.</summary>
public sealed class StaticStabilityTests : IDisposable
{
    private static readonly string[] _units = ["s@1.service", "s@2.service", "s@3.service", "s@4.service", "s@5.service", "s@6.service", "once.service", "all.service"];
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task No_outage_restarts_or_stops_a_unit()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory);
        await StartUnitsAsync(cluster);
        var before = await cluster.MainPidsAsync(_units);
        Assert.Equal(9, before.Count);
        string ranOnce = await File.ReadAllTextAsync(_directory["once"]);

        // Four times the TTL: every machine's object expires while nobody can say that it lives.
        await cluster.KillEtcdAsync();
        var refused = await cluster[0].FleetctlAsync("list-units");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("fleet server unable to communicate with etcd", refused.Error, StringComparison.Ordinal);
        await Task.Delay(TimeSpan.FromSeconds(12));
        await cluster.StartEtcdAsync();
        await UntilAllRunAsync(cluster, before, "the outage of etcd");

        // A crash, and an upgrade, of every fleetd; the first is or was the engine's leader.
        foreach (string signal in (string[])["KILL", "TERM"])
        {
            foreach (var machine in cluster.Machines)
            {
                Assert.Equal(signal == "KILL" ? 137 : 0, await machine.EndAsync(signal));
                await machine.StartAsync();
                await machine.UntilRegisteredAsync();
            }

            await UntilAllRunAsync(cluster, before, $"SIG{signal} of every fleetd");
        }

        // All at once, for longer than the TTL: nobody is left who could move anything, and who comes first must not.
        foreach (var machine in cluster.Machines)
        {
            await machine.EndAsync("KILL");
        }

        await Task.Delay(TimeSpan.FromSeconds(5));
        foreach (var machine in cluster.Machines)
        {
            await machine.StartAsync();
        }

        await UntilAllRunAsync(cluster, before, "a crash of all fleetd at once");

        // Only now and for all of the above: the unit that ran to its end was not run again.
        Assert.Equal(ranOnce, await File.ReadAllTextAsync(_directory["once"]));
    }

    [Fact]
    public async Task A_killed_fleetd_is_back_at_once_and_another_with_its_ID_is_kept_out()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 1, "--agent-ttl=60s");
        await cluster[0].EndAsync("KILL");
        await cluster[0].StartAsync();
        await cluster[0].UntilRegisteredAsync();

        await using var impostor = new FleetMachine(_directory["impostor"], cluster[0].Id, cluster.Etcd);
        await impostor.StartAsync();
        await impostor.Process.UntilAsync(
            () => Task.FromResult(impostor.Log.Contains("is registered already", StringComparison.Ordinal)), TimeSpan.FromSeconds(20), "the second machine is not kept out");
    }

    [Fact]
    public async Task When_most_machines_vanish_nothing_moves_until_an_operator_says_so()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 3);
        string unit = await cluster.WriteUnitAsync("a.service", "[Service]\nExecStart=/bin/sleep 1000\n\n[X-Fleet]\nMachineMetadata=number=2\nMachineMetadata=number=1\n");
        string other = await cluster.WriteUnitAsync("b.service", "[Service]\nExecStart=/bin/sleep 1000\n\n[X-Fleet]\nMachineMetadata=number=3\nMachineMetadata=number=1\nConflicts=a.service\n");
        Assert.Equal(0, (await cluster[0].FleetctlAsync("start", other)).ExitCode);
        Assert.Equal(0, (await cluster[0].FleetctlAsync("start", unit)).ExitCode);

        // Their objects expire up to half a TTL apart; the first must wait for what becomes of the other.
        // Whichever is not on the first machine moves there when its own is lost; here both of the others are.
        string before = (await cluster[0].FleetctlAsync("list-unit-files", "--no-legend", "--full", "--fields=unit,target")).Output.Replace("/127.0.0.1", "", StringComparison.Ordinal);
        await cluster[1].EndAsync("KILL");
        await cluster[2].EndAsync("KILL");
        await cluster[0].Process.UntilAsync(
            async () => (await cluster[0].FleetctlAsync("list-machines", "--no-legend")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == 1,
            TimeSpan.FromSeconds(40),
            "the machines do not vanish");
        await Task.Delay(TimeSpan.FromSeconds(12));
        Assert.Equal(before, (await cluster[0].FleetctlAsync("list-unit-files", "--no-legend", "--full", "--fields=unit,target")).Output.Replace("/127.0.0.1", "", StringComparison.Ordinal));

        var forgotten = await cluster[0].FleetctlAsync("forget-machine", cluster[1].Id, cluster[2].Id);
        Assert.Equal((0, $"Forgot machine {cluster[1].Id}\nForgot machine {cluster[2].Id}\n"), (forgotten.ExitCode, forgotten.Output));
        await cluster[0].Process.UntilAsync(
            async () => !(await cluster[0].FleetctlAsync("list-unit-files", "--no-legend", "--full", "--fields=target")).Output.Contains(cluster[1].Id, StringComparison.Ordinal),
            TimeSpan.FromSeconds(30),
            "the units of the forgotten machines do not move");
    }

    [Fact]
    public async Task A_lost_machines_units_run_elsewhere_and_its_states_go()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory);
        string unit = await cluster.WriteUnitAsync("a.service", "[Service]\nExecStart=/bin/sleep 1000\n\n[X-Fleet]\nMachineMetadata=number=3\nMachineMetadata=number=2\n");
        Assert.Equal(0, (await cluster[0].FleetctlAsync("start", unit)).ExitCode);
        await cluster.UntilUnitsAsync([$"a.service {cluster[1].Id}/127.0.0.1 active"]);

        await cluster[1].EndAsync("KILL");
        await cluster.UntilUnitsAsync([$"a.service {cluster[2].Id}/127.0.0.1 active"]);

        // It comes back, and learns that the unit is not its own any more.
        await cluster[1].StartAsync();
        await cluster[1].UntilRegisteredAsync();
        await cluster[1].Process.UntilAsync(async () => (await cluster[1].MainPidsAsync("a.service")).Count == 0, TimeSpan.FromSeconds(30), "the unit runs twice");
        await cluster.UntilUnitsAsync([$"a.service {cluster[2].Id}/127.0.0.1 active"]);
    }

    [Fact]
    public async Task A_fenced_machine_stops_its_units_without_etcd_and_starts_them_with_it()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 1, "--fence=true", "--fence-margin=1s");
        string unit = await cluster.WriteUnitAsync("a.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        Assert.Equal(0, (await cluster[0].FleetctlAsync("start", unit)).ExitCode);

        await cluster.KillEtcdAsync();
        await cluster[0].Process.UntilAsync(async () => (await cluster[0].MainPidsAsync("a.service")).Count == 0, TimeSpan.FromSeconds(30), "the unit is not stopped");
        await cluster.StartEtcdAsync();
        await cluster.UntilUnitsAsync([$"a.service {cluster[0].Id}/127.0.0.1 active"]);
    }

    private async Task StartUnitsAsync(FleetCluster cluster)
    {
        await cluster.WriteUnitAsync("s@.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        string once = await cluster.WriteUnitAsync("once.service", $"[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo ran >> {_directory["once"]}'\n");
        string all = await cluster.WriteUnitAsync("all.service", "[Service]\nExecStart=/bin/sleep 1000\n\n[X-Fleet]\nGlobal=true\n");
        var started = await cluster[0].FleetctlAsync(["start", .. Enumerable.Range(1, 6).Select(number => _directory[$"s@{number}.service"]), once, all]);
        Assert.True(started.ExitCode == 0, started.Output + started.Error);
        await cluster[0].Process.UntilAsync(async () => (await cluster.MainPidsAsync(_units)).Count == 9, TimeSpan.FromSeconds(30), "not all units run");
    }

    private static async Task UntilAllRunAsync(FleetCluster cluster, SortedDictionary<string, string> before, string after)
    {
        string[] lines = [];
        await cluster[0].Process.UntilAsync(
            async () =>
            {
                var listed = await cluster[0].FleetctlAsync("list-units", "--no-legend", "--full", "--fields=unit,machine,active");
                lines = [.. listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.EndsWith("\tactive", StringComparison.Ordinal))];
                var machines = await cluster[0].FleetctlAsync("list-machines", "--no-legend");
                return lines.Length == before.Count && machines.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == 3;
            },
            TimeSpan.FromSeconds(60),
            $"after {after} the cluster does not show its {before.Count} units");

        // What would be moved would be by now.
        await Task.Delay(TimeSpan.FromSeconds(4));
        Assert.Equal(before, await cluster.MainPidsAsync(_units));
    }
}
