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
            "-l core -o HostKeyAlgorithms=^ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521 -o ConnectTimeout=3 -o ForwardAgent=yes -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile=/home/me/.fleetctl/known_hosts"
            + " -o StrictHostKeyChecking=ask -o HashKnownHosts=no -o CheckHostIP=no -T -p 2222 -- 10.0.0.1 uptime -p",
            words);
    }

    // The original's client asks for ECDSA; ssh would ask for Ed25519, and a host's change of one key would go by unseen.
    [Theory]
    [InlineData("", true)]
    [InlineData("10.0.0.1 ssh-ed25519 AAAA", false)]
    [InlineData("10.0.0.1 ecdsa-sha2-nistp256 AAAA", true)]
    [InlineData("10.0.0.2,10.0.0.1 ssh-rsa AAAA", false)]
    [InlineData("[10.0.0.1]:2222 ssh-ed25519 AAAA", true)]
    public void A_host_is_asked_for_the_key_it_is_known_by(string known, bool isEcdsaAsked)
    {
        var words = (_settings with { KnownHosts = [known] }).CommandOn("10.0.0.1", 22, false, false, "true");

        Assert.Equal(isEcdsaAsked, words.Any(word => word.StartsWith("HostKeyAlgorithms=^ecdsa", StringComparison.Ordinal)));
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
