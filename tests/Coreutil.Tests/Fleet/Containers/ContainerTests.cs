using System.Text;
using System.Text.Json;
using Coreutil.Fleet.Containers;
using Coreutil.Fleet.Registry;
using Docker.DotNet.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coreutil.Tests.Fleet.Containers;

// What Docker says of a container, where it is kept and how it is shown. The answers were recorded from dockerd 20.10 and shortened.
public sealed class ContainerTests
{
    private static readonly Container _app = new("app-1", "running", "healthy", 3, [new("0.0.0.0", 32768, 8080, "tcp"), new("::", 32768, 8080, "tcp")]);

    [Theory]
    [InlineData(
        """{"Name":"/app-1","RestartCount":0,"State":{"Status":"running","Health":{"Status":"unhealthy","FailingStreak":2}},"NetworkSettings":{"Ports":{"8080/tcp":[{"HostIp":"0.0.0.0","HostPort":"32769"},{"HostIp":"::","HostPort":"32769"}],"1338/udp":[{"HostIp":"0.0.0.0","HostPort":"32768"}]}}}""",
        "app-1 running (unhealthy), restarts 0, ports 0.0.0.0:32768->1338/udp 0.0.0.0:32769->8080/tcp [::]:32769->8080/tcp")]
    [InlineData( // of --network host, and gone after two restarts by its policy
        """{"Name":"/app-1","RestartCount":2,"State":{"Status":"exited","ExitCode":2},"NetworkSettings":{"Ports":{}}}""", "app-1 exited, restarts 2")]
    [InlineData( // exposed and not published; a health check that the image switched off
        """{"Name":"/app-1","State":{"Status":"running","Health":{"Status":"none"}},"NetworkSettings":{"Ports":{"8080/tcp":null}}}""", "app-1 running, restarts 0")]
    [InlineData("""{"Name":"/app-1"}""", "app-1 , restarts 0")]
    public void An_answer_of_Docker_is_read(string answer, string shown)
    {
        var response = JsonSerializer.Deserialize<ContainerInspectResponse>(answer)!;

        Assert.Equal(shown, InspectedContainer.Read("app-1", response).ToString());
    }

    [Fact]
    public async Task Where_Docker_is_not_installed_its_socket_is_missed()
    {
        using var docker = new DockerContainers(new("unix:///nowhere/docker.sock"), TimeProvider.System, NullLogger.Instance);

        Assert.Equal(
            "app-1: not known, Docker does not answer on unix:///nowhere/docker.sock: there is no such socket",
            await docker.DescribeAsync("app-1", TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_container_that_was_read_again_and_is_as_before_has_not_changed()
    {
        Assert.Equal(_app, _app with { Ports = [.. _app.Ports.ToArray()] });
        Assert.NotEqual(_app, _app with { Ports = [] });
        Assert.NotEqual(_app, _app with { Health = "unhealthy" });
    }

    [Fact]
    public void A_state_keeps_its_container_and_is_the_originals_without_one()
    {
        var state = new PublishedState("app@1.service", "m1", new("loaded", "active", "running"), "hash") { Container = _app };

        Assert.Equal(state, RegistryJson.ReadState("app@1.service", "m1", RegistryJson.WriteState(state)));
        Assert.DoesNotContain("x-", RegistryJson.WriteState(state with { Container = null }), StringComparison.Ordinal);
    }

    // Another release of ours may write more; what is no container makes the whole state unreadable, as any other broken member does.
    [Theory]
    [InlineData("""{"x-container":{"name":"a","status":"running","restarts":0,"ports":[],"later":1}}""", "a running, restarts 0")]
    [InlineData("{}", null)]
    public void A_member_of_a_later_release_is_passed_over(string json, string? shown)
    {
        using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(json));

        Assert.Equal(shown, ContainerJson.Read(document.RootElement)?.ToString());
    }

    [Theory]
    [InlineData( // as systemctl prints it, with lines of the journal
        "● a.service - A\n     Loaded: loaded\n     Active: active (running)\n     CGroup: /a\n             └─1 docker\n\nNov 25 vm docker[1]: x\n",
        "● a.service - A\n     Loaded: loaded\n     Active: active (running)\n     CGroup: /a\n             └─1 docker\n     Docker: app up\n\nNov 25 vm docker[1]: x\n")]
    [InlineData("● a.service\n   Active: inactive (dead)\n", "● a.service\n   Active: inactive (dead)\n   Docker: app up\n")] // an older systemd, no journal
    public void The_line_stands_at_the_end_of_the_head_below_the_others(string status, string expected)
    {
        Assert.Equal(expected, ContainerLine.Insert(status, "app up"));
    }
}
