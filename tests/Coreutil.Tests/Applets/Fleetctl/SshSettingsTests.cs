using Coreutil.Applets.Fleetctl.Ssh;

namespace Coreutil.Tests.Applets.Fleetctl;

// fleetctl's options in OpenSSH's words.
public sealed class SshSettingsTests
{
    private static readonly SshSettings _settings = new() { KnownHostsFile = "/home/me/.fleetctl/known_hosts", TimeoutSeconds = 2.5 };

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1", 22)]
    [InlineData("10.0.0.1:2222", "10.0.0.1", 2222)]
    [InlineData("bastion:22", "bastion", 22)]
    [InlineData("[fe80::1]:2222", "fe80::1", 2222)]
    [InlineData("fe80::1", "fe80::1", 22)]
    public void An_address_may_bring_its_port(string address, string host, int port) => Assert.Equal((host, port), SshSettings.Split(address));

    [Fact]
    public void Strict_checking_asks_and_remembers_in_fleetctls_own_file()
    {
        string words = string.Join(' ', _settings.CommandOn("10.0.0.1", 2222, isForwardingAgent: true, isTerminal: false, "uptime -p"));

        Assert.Equal(
            "-l core -o ConnectTimeout=3 -o ForwardAgent=yes -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile=/home/me/.fleetctl/known_hosts"
            + " -o StrictHostKeyChecking=ask -o HashKnownHosts=no -o CheckHostIP=no -T -p 2222 -- 10.0.0.1 uptime -p",
            words);
    }

    [Fact]
    public void Without_it_nothing_is_checked_or_kept()
    {
        string words = string.Join(' ', (_settings with { IsStrict = false }).CommandOn("10.0.0.1", 22, isForwardingAgent: false, isTerminal: true, ""));

        Assert.Contains("-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no", words, StringComparison.Ordinal);
        Assert.EndsWith("-t -p 22 -- 10.0.0.1", words, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tunnel_is_a_proxy_with_the_same_options()
    {
        var words = (_settings with { IsStrict = false, Tunnel = "bastion:2200", Username = "me" }).CommandOn("10.0.0.1", 22, false, false, "true");
        string proxy = Assert.Single(words, word => word.StartsWith("ProxyCommand=", StringComparison.Ordinal));

        Assert.StartsWith("ProxyCommand='ssh' '-l' 'me' ", proxy, StringComparison.Ordinal);
        Assert.EndsWith("'-W' '[%h]:%p' '-p' '2200' '--' 'bastion'", proxy, StringComparison.Ordinal);
    }

    [Fact]
    public void The_API_behind_a_tunnel_is_a_stream_or_fleetctl_at_the_other_end()
    {
        var settings = _settings with { Tunnel = "bastion" };

        Assert.EndsWith("-W 10.0.0.1:49153 -p 22 -- bastion", string.Join(' ', settings.StreamThroughTunnel("10.0.0.1:49153")), StringComparison.Ordinal);
        Assert.EndsWith("-T -p 22 -- bastion fleetctl fd-forward /var/run/fleet.sock", string.Join(' ', settings.SocketThroughTunnel("/var/run/fleet.sock")), StringComparison.Ordinal);
    }
}
