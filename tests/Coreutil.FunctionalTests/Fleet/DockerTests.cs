using System.Text.RegularExpressions;

namespace Coreutil.FunctionalTests.Fleet;

/// <summary>Units that run containers, on a real dockerd: what fleet knows of them, and that it does without Docker what it did with it.</summary>
public sealed partial class DockerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_unit_tells_its_container_and_goes_on_when_Docker_dies()
    {
        await using var docker = await DockerEngine.StartAsync(_directory);
        await docker.ImportAsync("paas", """["/coreutil", "paas-monitor"]""");
        await using var cluster = await FleetCluster.StartAsync(_directory, machines: 1, $"--docker-endpoint={docker.Endpoint}");
        var machine = cluster[0];
        string client = $"{DockerEngine.Client} -H {docker.Endpoint}";
        string app = await cluster.WriteUnitAsync(
            "app@1.service",
            $"""
            [Service]
            Restart=always
            RestartSec=3
            ExecStartPre=-{client} rm -f %p-%i
            ExecStart={client} run --name %p-%i -P paas
            ExecStop={client} stop -t 1 %p-%i

            """);
        string plain = await cluster.WriteUnitAsync("plain.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        Assert.Equal(0, (await machine.FleetctlAsync("start", plain, app)).ExitCode);

        // Health comes seconds after the start, by an event.
        await UntilContainerAsync(machine, "app-1 running (healthy), restarts 0, ports ");
        var shown = await machine.FleetctlAsync("status", "app@1");
        Assert.Equal(0, shown.ExitCode);
        var line = StatusLine().Match(shown.Output);
        Assert.True(line.Success, shown.Output);
        var answer = await docker.CurlAsync($"http://127.0.0.1:{line.Groups["port"].Value}/status");
        Assert.True(answer.ExitCode == 0, answer.Error);
        Assert.DoesNotContain("Docker:", (await machine.FleetctlAsync("status", "plain")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("answer on", machine.Log, StringComparison.Ordinal);

        // What somebody does by hand is seen too.
        Assert.Equal(0, (await docker.RunAsync("pause", "app-1")).ExitCode);
        await UntilContainerAsync(machine, "app-1 paused ");
        Assert.Equal(0, (await docker.RunAsync("unpause", "app-1")).ExitCode);
        await UntilContainerAsync(machine, "app-1 running (healthy), ");

        await docker.KillDaemonAsync();
        await UntilContainerAsync(machine, "-\n");
        shown = await machine.FleetctlAsync("status", "app@1");
        Assert.Contains($"Docker: app-1: not known, Docker does not answer on {docker.Endpoint}: Connection refused\n", shown.Output, StringComparison.Ordinal);
        Assert.Contains("Active: active (running)", (await machine.FleetctlAsync("status", "plain")).Output, StringComparison.Ordinal);
        await Task.Delay(TimeSpan.FromSeconds(5)); // two tries more
        Assert.Equal(1, Count(machine.Log, "WARN fleetd: Docker does not answer on "));
        Assert.Equal(0, Count(machine.Log, "INFO fleetd: Docker answers on "));

        await docker.StartDaemonAsync();
        await UntilContainerAsync(machine, "app-1 running (healthy), restarts 0, ports ");
        Assert.Equal(1, Count(machine.Log, "INFO fleetd: Docker answers on "));
        Assert.Equal(0, (await machine.FleetctlAsync("stop", "app@1")).ExitCode);
        await UntilContainerAsync(machine, "app-1 exited");
        Assert.Equal(0, (await docker.RunAsync("rm", "app-1")).ExitCode);
        await UntilContainerAsync(machine, "-\n");
    }

    private static Task UntilContainerAsync(FleetMachine machine, string expected) => machine.Process.UntilAsync(
        async () => (await machine.FleetctlAsync("list-units", "--no-legend", "--fields=unit,container")).Output.Contains($"app@1.service\t{expected}", StringComparison.Ordinal),
        TimeSpan.FromSeconds(45),
        $"the container is not {expected}");

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    [GeneratedRegex(@"^     Active: active \(running\).*^     Docker: app-1 running \(healthy\), restarts 0, ports 0\.0\.0\.0:(?<port>[0-9]+)->1337/tcp[^\n]*\n\n", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex StatusLine();
}
