using Coreutil.Applets.Etcd;

namespace Coreutil.Tests.Applets.Etcd;

/// <summary>etcd.md §4.</summary>
public sealed class EtcdSettingsTests
{
    [Theory]
    [InlineData("listen-client-urls=http://h:1", "-advertise-client-urls is required when -listen-client-urls is set explicitly")]
    [InlineData("addr=10.0.0.1:4001 advertise-client-urls=http://h:1", "Set only one of flags -advertise-client-urls and -addr")]
    [InlineData("addr=nonsense", "invalid value \"nonsense\" for flag -addr: it must be ip:port")]
    [InlineData("election-timeout=400", "-election-timeout[400ms] should be at least as 5 times as -heartbeat-interval[100ms]")]
    [InlineData("election-timeout=60000", "-election-timeout[60000ms] is too long, and should be set less than 50000ms")]
    [InlineData("discovery=http://d/t initial-cluster=m=http://h:1", "multiple discovery or bootstrap flags are set.")]
    [InlineData("cert-file=a.pem", "--cert-file and --key-file are given together or not at all")]
    [InlineData("advertise-client-urls=h:1", "--advertise-client-urls: URL scheme must be http or https: h:1")]
    [InlineData("proxy=maybe", "invalid value \"maybe\" for flag -proxy")]
    [InlineData("discovery=nowhere", "invalid value \"nowhere\" for flag -discovery")]
    [InlineData("peers=10.0.0.1", "-peers: URL address does not have the form")]
    public void Flags_that_cannot_hold_are_refused_in_one_line(string flags, string start)
    {
        var settings = EtcdSettings.Read(Flags(flags), _ => null);

        Assert.StartsWith(start, settings.Failure, StringComparison.Ordinal);
    }

    // The seeds' containers reach the host at 172.17.42.1:4001, whatever address it advertises.
    [Fact]
    public void An_address_of_0_4_answers_on_every_interface()
    {
        var settings = EtcdSettings.Read(Flags("addr=10.0.0.1:4001 peer-addr=10.0.0.1:7001"), _ => null);

        Assert.Null(settings.Failure);
        Assert.Equal("http://10.0.0.1:4001", Assert.Single(settings.Config.AdvertiseClientUrls).OriginalString);
        Assert.Equal("http://[::]:4001", Assert.Single(settings.Config.ListenClientUrls).OriginalString);
        Assert.Equal("http://[::]:7001", Assert.Single(settings.Config.ListenPeerUrls).OriginalString);
    }

    [Fact]
    public void A_flag_wins_over_its_variable_and_an_empty_variable_counts_as_none()
    {
        var environment = new Dictionary<string, string?>
        {
            ["ETCD_NAME"] = "variable",
            ["ETCD_DATA_DIR"] = "",
            ["ETCD_EVENT_WINDOW"] = "1000",
            ["ETCD_PEER_ELECTION_TIMEOUT"] = "500",
        };

        var settings = EtcdSettings.Read(Flags("name=flag"), environment.GetValueOrDefault);

        Assert.Equal(("flag", "", 1000), (settings.Config.Name, settings.Config.DataDirectory, settings.Config.EventWindow));
        Assert.Equal(["flags: flag \"-peer-election-timeout\" is no longer supported - ignoring.", "etcdmain: no data-dir provided, using default data-dir ./flag.etcd"], settings.Warnings.AsEnumerable());
    }

    private static Dictionary<string, string> Flags(string text) =>
        text.Split(' ').Select(word => word.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
}
