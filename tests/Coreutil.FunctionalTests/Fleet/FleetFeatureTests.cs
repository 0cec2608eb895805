using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;

namespace Coreutil.FunctionalTests.Fleet;

/// <summary>What a fleet on one machine can show: status and journal of other machines, reasons, signals, listeners, the registry's own driver.</summary>
public sealed class FleetFeatureTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Status_and_journal_are_asked_of_the_machine_that_holds_the_unit()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 2);
        string unit = await cluster.WriteUnitAsync(
            "far.service", "[Unit]\nDescription=Far away\n\n[Service]\nExecStart=/bin/sh -c 'echo first; sleep 4; echo second; exec sleep 1000'\n\n[X-Fleet]\nMachineMetadata=number=2\n");
        string all = await cluster.WriteUnitAsync("all.service", "[Service]\nExecStart=/bin/sh -c 'echo everywhere; exec sleep 1000'\n\n[X-Fleet]\nGlobal=true\n");
        Assert.Equal(0, (await cluster[0].FleetctlAsync("start", unit)).ExitCode);

        using var following = Published.Start(
            Published.Link("fleetctl"), ["journal", "-f", "--lines", "20", "far"], new Dictionary<string, string> { ["FLEETCTL_ENDPOINT"] = $"unix://{cluster[0].Socket}" });
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var seen = new StringBuilder();
        while (!seen.ToString().Contains("second", StringComparison.Ordinal))
        {
            seen.AppendLine(await following.StandardOutput.ReadLineAsync(late.Token) ?? throw new InvalidOperationException($"the journal ended: {seen}"));
        }

        following.Kill();
        Assert.Contains("first", seen.ToString(), StringComparison.Ordinal);

        var status = await cluster[0].FleetctlAsync("status", "far");
        Assert.Equal(0, status.ExitCode);
        Assert.Contains("far.service - Far away\n", status.Output, StringComparison.Ordinal);
        Assert.Equal(3, await StatusAfterStopAsync(cluster, "far"));

        Assert.Equal(0, (await cluster[0].FleetctlAsync("start", all)).ExitCode);
        await cluster.UntilUnitsAsync(
            [$"all.service {cluster[0].Id}/127.0.0.1 active", $"all.service {cluster[1].Id}/127.0.0.1 active", $"far.service {cluster[1].Id}/127.0.0.1 inactive"]);
        var everywhere = await cluster[0].FleetctlAsync("status", "all");
        Assert.Equal(2, everywhere.Output.Split("==> ").Length - 1);
        var there = await cluster[0].FleetctlAsync("journal", "--machine=2aaa", "all");
        Assert.StartsWith("==> 2aaaaaaa.../127.0.0.1 <==\n", there.Output, StringComparison.Ordinal);
        Assert.Contains("everywhere", there.Output, StringComparison.Ordinal);

        var before = await cluster.MainPidsAsync("all.service");
        var restarted = await cluster[0].FleetctlAsync("restart", "all");
        Assert.True(restarted.ExitCode == 0, restarted.Error);
        var after = await cluster.MainPidsAsync("all.service");
        Assert.Equal(2, after.Count);
        Assert.Empty(before.Values.Intersect(after.Values));
    }

    [Fact]
    public async Task A_unit_that_fits_nowhere_says_why_after_two_seconds()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 1);
        string unit = await cluster.WriteUnitAsync("tape.service", "[Service]\nExecStart=/bin/sleep 1000\n\n[X-Fleet]\nMachineMetadata=disk=tape\n");
        const string Reason = "local Machine metadata insufficient: disk=tape is required";

        var started = Stopwatch.StartNew();
        var blocked = await cluster[0].FleetctlAsync("load", "--block-attempts=2", unit);
        Assert.Equal(1, blocked.ExitCode);
        Assert.True(started.Elapsed > TimeSpan.FromSeconds(3), "two windows of two seconds are four");
        Assert.Contains($"Still waiting for unit tape.service to report state loaded: no machine fits\n  {cluster[0].Id}: {Reason}\n", blocked.Error, StringComparison.Ordinal);

        var why = await cluster[0].FleetctlAsync("why", "tape");
        Assert.Equal($"tape.service: no machine fits\nMACHINE\t\t\tUNITS\tREASON\n1aaaaaaa.../127.0.0.1\t0\t{Reason}\n", why.Output);
    }

    [Fact]
    public async Task Restart_starts_another_process_and_destroy_is_noticed_at_once()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 1);
        string unit = await cluster.WriteUnitAsync("a.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        Assert.Equal(0, (await cluster[0].FleetctlAsync("start", unit)).ExitCode);
        var before = await cluster.MainPidsAsync("a.service");

        var restarted = await cluster[0].FleetctlAsync("restart", "a");
        Assert.True(restarted.ExitCode == 0, restarted.Error);
        Assert.Contains("Unit(a.service) was restarted.", restarted.Error, StringComparison.Ordinal);
        var after = await cluster.MainPidsAsync("a.service");
        Assert.Single(after);
        Assert.NotEqual(before, after);

        Assert.Equal(0, (await cluster[0].FleetctlAsync("destroy", "a")).ExitCode);
        await cluster.UntilUnitsAsync([], seconds: 10);
    }

    [Fact]
    public async Task A_hangup_reloads_the_configuration_and_keeps_units_and_callers()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 0);
        string config = await cluster.WriteUnitAsync("fleet.conf", "metadata=\"role=old\"\n");
        await using var machine = new FleetMachine(_directory["m"], new string('b', 32), cluster.Etcd, $"--config={config}");
        await machine.StartAsync();
        await machine.UntilRegisteredAsync();
        string unit = await cluster.WriteUnitAsync("a.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        Assert.Equal(0, (await machine.FleetctlAsync("start", unit)).ExitCode);
        var before = await machine.MainPidsAsync("a.service");

        await File.WriteAllTextAsync(config, "metadata=\"role=new\"\n");
        await SignalAsync(machine, "HUP");
        Assert.Equal(0, (await machine.FleetctlAsync("list-unit-files")).ExitCode);
        await machine.Process.UntilAsync(
            async () => (await machine.FleetctlAsync("list-machines", "--fields=metadata", "--no-legend")).Output == "role=new\n", TimeSpan.FromSeconds(20), "the metadata stays old");
        Assert.Contains("Reloading configuration from ", machine.Log, StringComparison.Ordinal);
        Assert.Contains("Restarting server components", machine.Log, StringComparison.Ordinal);
        Assert.Equal(before, await machine.MainPidsAsync("a.service"));

        // What is logged can change; what the process is bound to cannot, and that is said as often as it is asked for.
        Assert.DoesNotContain("DEBUG ", machine.Log, StringComparison.Ordinal);
        await File.WriteAllTextAsync(config, "metadata=\"role=new\"\nverbosity=1\nunits_directory=\"/run/elsewhere\"\n");
        for (int times = 1; times <= 2; times++)
        {
            await SignalAsync(machine, "HUP");
            await machine.Process.UntilAsync(
                () => Task.FromResult(machine.Log.Split("units_directory is /run/elsewhere in the configuration and /run/fleet/units/ in this process: that takes a restart of fleetd").Length == times + 1),
                TimeSpan.FromSeconds(20),
                "it is not told that units_directory needs a restart");
        }

        string unit2 = await cluster.WriteUnitAsync("b.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        Assert.Equal(0, (await machine.FleetctlAsync("start", unit2)).ExitCode);
        Assert.Contains("DEBUG ", machine.Log, StringComparison.Ordinal);
        Assert.Equal(before, await machine.MainPidsAsync("a.service"));

        // A mistake in the file costs nothing.
        await File.WriteAllTextAsync(config, "token_limit=many\n");
        await SignalAsync(machine, "HUP");
        await machine.Process.UntilAsync(
            () => Task.FromResult(machine.Log.Contains("Configuration not reloaded", StringComparison.Ordinal)), TimeSpan.FromSeconds(20), "the mistake is not told");
        Assert.Equal(0, (await machine.FleetctlAsync("list-machines")).ExitCode);
        await File.WriteAllTextAsync(config, "metadata=\"role=new\"\n");

        await SignalAsync(machine, "USR1");
        await machine.Process.UntilAsync(
            () => Task.FromResult(machine.Log.Contains("\"a.service\": \"launched\"", StringComparison.Ordinal)), TimeSpan.FromSeconds(20), "the state is not dumped");
    }

    [Fact]
    public async Task Listeners_have_rights_and_may_be_read_only()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 0);
        int port = Daemon.FreePort();
        await using var machine = new FleetMachine(
            _directory["m"], new string('b', 32), cluster.Etcd,
            string.Create(CultureInfo.InvariantCulture, $"--listen=unix://{_directory["m"]}/fleet.sock?mode=0620&group=daemon,http://127.0.0.1:{port}?readonly=true"));
        await machine.StartAsync();
        await machine.UntilRegisteredAsync();

        Assert.Equal("620 daemon\n", (await Published.RunAsync("/usr/bin/stat", ["-c", "%a %G", machine.Socket])).Output);
        string api = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
        Assert.True(await Daemon.SucceedsAsync($"{api}/fleet/v1/machines"));
        using var refused = await Daemon.Http.DeleteAsync(new Uri($"{api}/fleet/v1/units/a.service"));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal("""{"error":{"code":403,"message":"this listener is read-only"}}""", await refused.Content.ReadAsStringAsync());
        Assert.Contains("fleet_machines 1\n", await Daemon.Http.GetStringAsync(new Uri($"{api}/metrics")), StringComparison.Ordinal);
        Assert.Contains("\"UnitStatePage\"", await Daemon.Http.GetStringAsync(new Uri($"{api}/fleet/v1/discovery")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_registry_itself_can_be_driven_where_no_fleetd_is_reached()
    {
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 1);
        string unit = await cluster.WriteUnitAsync("a.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        string[] driver = ["--driver=etcd", $"--endpoint={cluster.Etcd}"];

        var started = await cluster[0].FleetctlAsync([.. driver, "start", unit]);
        Assert.Equal((0, "Unit a.service inactive\nUnit a.service launched on 1aaaaaaa.../127.0.0.1\n"), (started.ExitCode, started.Output));
        Assert.Equal("a.service\tactive\n", (await cluster[0].FleetctlAsync([.. driver, "list-units", "--no-legend", "--fields=unit,active"])).Output);
        Assert.Contains("Active: active (running)", (await cluster[0].FleetctlAsync([.. driver, "status", "a"])).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await cluster[0].FleetctlAsync([.. driver, "destroy", "a"])).ExitCode);
        Assert.Equal("", (await cluster[0].FleetctlAsync("list-unit-files", "--no-legend")).Output);
    }

    private static async Task<int> StatusAfterStopAsync(FleetCluster cluster, string unit)
    {
        Assert.Equal(0, (await cluster[0].FleetctlAsync("stop", unit)).ExitCode);
        int code = 0;
        await cluster[0].Process.UntilAsync(
            async () => (code = (await cluster[0].FleetctlAsync("status", unit)).ExitCode) != 0, TimeSpan.FromSeconds(20), "the status of a stopped unit stays 0");
        return code;
    }

    private static Task<Outcome> SignalAsync(FleetMachine machine, string signal) =>
        Published.RunAsync("/bin/kill", ["-s", signal, machine.Process.ProcessId.ToString(CultureInfo.InvariantCulture)]);
}
