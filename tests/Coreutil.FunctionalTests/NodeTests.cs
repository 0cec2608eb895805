namespace Coreutil.FunctionalTests;

/// <summary>A node as a new user meets it: units of every kind of fate, fleetctl's and unitctl's answers, and bad input.</summary>
public sealed class NodeTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_unit_goes_the_whole_way_and_back()
    {
        await using var node = await StartNodeAsync();
        await WriteUnitAsync("hello.service", "[Unit]\nDescription=Says hello\n\n[Service]\nExecStart=/bin/sh -c 'echo hello from %n; exec sleep 1000'\n");

        Assert.Equal((0, "Unit hello.service inactive\n"), await FleetctlAsync("submit", _directory["hello.service"]));
        Assert.Equal((0, "[Unit]\nDescription=Says hello\n\n[Service]\nExecStart=/bin/sh -c 'echo hello from %n; exec sleep 1000'\n"), await FleetctlAsync("cat", "hello"));
        var (loadCode, loaded) = await FleetctlAsync("load", "hello");
        Assert.Equal(0, loadCode);
        Assert.StartsWith("Unit hello.service loaded on ", loaded, StringComparison.Ordinal);
        var (startCode, started) = await FleetctlAsync("start", "hello");
        Assert.Equal(0, startCode);
        Assert.StartsWith("Unit hello.service launched on ", started, StringComparison.Ordinal);

        await node.UntilAsync(
            async () => (await FleetctlAsync("list-units", "--no-legend", "--fields=unit,active,sub")).Output == "hello.service\tactive\trunning\n",
            TimeSpan.FromSeconds(20),
            "hello.service is not active");
        var (statusCode, status) = await FleetctlAsync("status", "hello");
        Assert.Equal(0, statusCode);
        Assert.Contains("hello.service - Says hello\n", status, StringComparison.Ordinal);
        Assert.Contains("Active: active (running) since ", status, StringComparison.Ordinal);
        Assert.Contains("hello from hello.service", (await FleetctlAsync("journal", "hello")).Output, StringComparison.Ordinal);

        Assert.Equal(0, (await FleetctlAsync("stop", "hello")).ExitCode);
        await node.UntilAsync(
            async () => (await FleetctlAsync("status", "hello")).ExitCode == 3, TimeSpan.FromSeconds(20), "status of a dead unit does not exit with 3");
        Assert.Equal(0, (await FleetctlAsync("unload", "hello")).ExitCode);
        Assert.Equal((0, "Destroyed hello.service\n"), await FleetctlAsync("destroy", "hello"));
        Assert.Equal((0, ""), await FleetctlAsync("list-unit-files", "--no-legend"));
    }

    [Fact]
    public async Task A_crash_of_the_node_disturbs_no_unit()
    {
        var first = await StartNodeAsync();
        await WriteUnitAsync("steady.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        Assert.Equal(0, (await FleetctlAsync("start", _directory["steady.service"])).ExitCode);
        string before = await MainPidAsync("steady.service");
        Assert.NotEqual("0", before);

        Assert.Equal(137, await first.EndAsync("KILL"));
        await using var second = await StartNodeAsync();

        await second.UntilAsync(
            async () => (await FleetctlAsync("list-units", "--no-legend", "--fields=unit,active")).Output == "steady.service\tactive\n",
            TimeSpan.FromSeconds(60),
            "the unit is not shown after the restart");
        Assert.Equal(before, await MainPidAsync("steady.service"));
    }

    [Fact]
    public async Task Bad_input_gets_one_line_and_its_exit_code()
    {
        await using var node = await StartNodeAsync();
        await WriteUnitAsync("broken.service", "[Service]\nExecStart\n");
        var submit = await RunFleetctlAsync("submit", _directory["broken.service"]);
        Assert.Equal(1, submit.ExitCode);
        Assert.Contains("unexpected newline encountered while parsing option name", submit.Error, StringComparison.Ordinal);

        var missing = await RunFleetctlAsync("start", "nowhere.service");
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("unable to find Unit(nowhere.service) in Registry or on filesystem", missing.Error, StringComparison.Ordinal);

        var second = await Published.RunAsync(Published.Binary, ["node", "--data-dir", _directory["other"], "--address", "127.0.0.1"], TimeSpan.FromSeconds(30));
        Assert.Equal(1, second.ExitCode);
        Assert.Contains("2380", second.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_template_with_a_missing_key_is_named_and_the_old_file_stays()
    {
        Directory.CreateDirectory(_directory["confd/conf.d"]);
        Directory.CreateDirectory(_directory["confd/templates"]);
        await File.WriteAllTextAsync(_directory["confd/conf.d/a.toml"], $"[template]\nsrc = \"a.tmpl\"\ndest = \"{_directory["a.conf"]}\"\n");
        await File.WriteAllTextAsync(_directory["confd/templates/a.tmpl"], "first\n{{getv \"/nope\"}}\n");
        await File.WriteAllTextAsync(_directory["a.conf"], "old");

        var outcome = await Published.RunAsync(Published.Link("confd"), ["-onetime", "-backend", "env", "-confdir", _directory["confd"]]);

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("template: a.tmpl:2:2: executing \"a.tmpl\" at <getv \"/nope\">: error calling getv: key does not exist: /nope", outcome.Error, StringComparison.Ordinal);
        Assert.Equal("old", await File.ReadAllTextAsync(_directory["a.conf"]));
    }

    private Task<Daemon> StartNodeAsync() => Daemon.StartAsync(
        Published.Binary,
        ["node", "--data-dir", _directory["node"], "--address", "127.0.0.1"],
        async () => (await FleetctlAsync("list-machines", "--no-legend")).Output.Length > 0);

    private Task WriteUnitAsync(string name, string text) => File.WriteAllTextAsync(_directory[name], text);

    private async Task<string> MainPidAsync(string unit) =>
        (await Published.RunAsync(Published.Binary, ["unitctl", "--state-dir", _directory["node/unitd"], "show", "-p", "MainPID", unit])).Output
            .Trim().Replace("MainPID=", "", StringComparison.Ordinal);

    private async Task<(int ExitCode, string Output)> FleetctlAsync(params string[] arguments)
    {
        var outcome = await RunFleetctlAsync(arguments);
        return (outcome.ExitCode, outcome.Output);
    }

    private Task<Outcome> RunFleetctlAsync(params string[] arguments) => Published.RunAsync(
        Published.Link("fleetctl"), arguments, environment: new Dictionary<string, string> { ["FLEETCTL_ENDPOINT"] = $"unix://{_directory["node/fleet.sock"]}" });
}
