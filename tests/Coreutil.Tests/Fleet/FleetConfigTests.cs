using Coreutil.Fleet;

namespace Coreutil.Tests.Fleet;

// fleet's configuration (reference: fleet §f): flag over variable over file over default.
public sealed class FleetConfigTests
{
    [Theory]
    [InlineData(null, null, null, "30s")]
    [InlineData("10s", null, null, "10s")]
    [InlineData("10s", "20s", null, "20s")]
    [InlineData("10s", "20s", "40s", "40s")]
    public void The_nearest_word_wins(string? file, string? variable, string? flag, string expected)
    {
        var config = FleetConfigReader.Read(
            file is null ? null : $"# a comment\nagent_ttl=\"{file}\"\n",
            "fleet.conf",
            name => name == "FLEET_AGENT_TTL" ? variable : null,
            flag is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["agent_ttl"] = flag });

        Assert.Equal(expected, $"{config.AgentTtl.TotalSeconds}s");
    }

    [Theory]
    [InlineData("[\"http://a:1\",\"http://b:2\"]")]
    [InlineData("http://a:1, http://b:2")]
    public void Servers_are_a_list_with_or_without_brackets(string list)
    {
        Assert.Equal(["http://a:1/", "http://b:2/"], Read($"etcd_servers={list}").EtcdServers.Select(server => server.ToString()));
    }

    [Fact]
    public void Metadata_ignores_what_is_no_pair_and_takes_the_last()
    {
        Assert.Equal(
            [new("disk", "ssd"), new("region", "us")], Read("metadata=\"region=eu, disk=ssd,junk,region=us\"").Metadata);
    }

    [Theory]
    [InlineData("agent_ttl=30", "fleet.conf:1: agent_ttl: \"30\" is not a duration of a second or more, such as 30s")]
    [InlineData("listen=:8080", "fleet.conf:1: listen: \":8080\" is not a list of unix:///path, http://host:port and https://host:port")]
    [InlineData("unit_manager=upstart", "fleet.conf:1: unit_manager: \"upstart\" is not auto, systemd or embedded")]
    [InlineData("docker_endpoint=tcp://h:1", "fleet.conf:1: docker_endpoint: \"tcp://h:1\" is not a socket, such as unix:///var/run/docker.sock")]
    [InlineData("nonsense", "fleet.conf:1: \"nonsense\" is no option: write name=value, or # before a comment")]
    public void A_bad_value_is_refused_with_its_place(string line, string message)
    {
        Assert.Equal(message, Assert.Throws<FleetStartException>(() => Read(line)).Message);
    }

    private static FleetConfig Read(string file) => FleetConfigReader.Read(file, "fleet.conf", _ => null, new Dictionary<string, string>());
}
