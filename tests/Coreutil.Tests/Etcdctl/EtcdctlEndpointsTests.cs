using Coreutil.Applets.Etcdctl;

namespace Coreutil.Tests.Etcdctl;

// etcd.md §6: endpoints > ETCDCTL_ENDPOINTS > endpoint > ETCDCTL_ENDPOINT > peers > ETCDCTL_PEERS > the default.
public sealed class EtcdctlEndpointsTests
{
    [Theory]
    [InlineData("flag:endpoints env:ETCDCTL_ENDPOINTS flag:endpoint", "flag:endpoints")]
    [InlineData("env:ETCDCTL_ENDPOINTS flag:endpoint flag:peers", "env:ETCDCTL_ENDPOINTS")]
    [InlineData("flag:endpoint env:ETCDCTL_ENDPOINT", "flag:endpoint")]
    [InlineData("env:ETCDCTL_ENDPOINT flag:peers", "env:ETCDCTL_ENDPOINT")]
    [InlineData("flag:peers env:ETCDCTL_PEERS", "flag:peers")]
    [InlineData("env:ETCDCTL_PEERS", "env:ETCDCTL_PEERS")]
    [InlineData("", "http://127.0.0.1:2379,http://127.0.0.1:4001")]
    public void A_newer_name_beats_an_older_one_before_a_flag_beats_a_variable(string given, string chosen)
    {
        string[] all = given.Split(' ');

        var endpoints = EtcdctlEndpoints.Choose(name => Given($"flag:{name}"), name => Given($"env:{name}"));

        Assert.Equal(chosen, string.Join(',', endpoints));
        string? Given(string source) => all.Contains(source) ? source : null;
    }

    [Fact]
    public void A_list_is_split_at_commas()
    {
        Assert.Equal(["http://a:1", "http://b:2"], EtcdctlEndpoints.Choose(name => name == "peers" ? "http://a:1,http://b:2" : null, _ => null));
    }

    [Theory]
    [InlineData("127.0.0.1:1", "parse \"127.0.0.1:1\": first path segment in URL cannot contain colon\n", 1)]
    [InlineData(":1", "parse \":1\": missing protocol scheme\n", 1)]
    [InlineData("localhost:1", "Error:  unsupported protocol scheme \"localhost\"\n", 4)]
    [InlineData("http://[::1", "parse \"http://[::1\": missing ']' in host\n", 1)]
    [InlineData("http://a:b", "parse \"http://a:b\": invalid port \":b\" after host\n", 1)]
    [InlineData("http://a b", "parse \"http://a b\": invalid character \" \" in host name\n", 1)]
    [InlineData("http://a%20b", "parse \"http://a%20b\": invalid URL escape \"%20\"\n", 1)]
    [InlineData("http://a:1/%zz", "parse \"http://a:1/%zz\": invalid URL escape \"%zz\"\n", 1)]
    [InlineData("http://a:99999", "Error:  client: etcd cluster is unavailable or misconfigured\nerror #0: dial tcp: address 99999: invalid port\n\n", 2)]
    [InlineData("http://", "Error:  http: no Host in request URL\n", 4)]
    [InlineData("/x", "Error:  http: no Host in request URL\n", 4)]
    [InlineData("ftp://a", "Error:  unsupported protocol scheme \"ftp\"\n", 4)]
    public void What_is_no_endpoint_is_refused_in_the_words_of_Go(string endpoint, string text, int exitCode)
    {
        var failure = Assert.Throws<EtcdctlFailure>(() => EtcdctlEndpoints.ParseAll([endpoint]));

        Assert.Equal((text, exitCode), (failure.Message, failure.ExitCode));
    }

    [Theory]
    [InlineData("x", "URL scheme must be http or https: x\n")]
    [InlineData("ftp://a:1", "URL scheme must be http or https: ftp://a:1\n")]
    [InlineData("127.0.0.1:9", "parse \"127.0.0.1:9\": first path segment in URL cannot contain colon\n")]
    [InlineData("http://", "URL address does not have the form \"host:port\": http://\n")]
    [InlineData("http://[::1]", "URL address does not have the form \"host:port\": http://[::1]\n")]
    [InlineData("http://a:1/x", "URL must not contain a path: http://a:1/x\n")]
    public void A_peer_is_a_scheme_a_host_and_a_port(string url, string text)
    {
        Assert.Equal(text, Assert.Throws<EtcdctlFailure>(() => EtcdctlEndpoints.CheckPeer(url)).Message);
    }

    [Theory]
    [InlineData("a.example", "http://a.example/")]
    [InlineData("127.0.0.1", "http://127.0.0.1/")]
    [InlineData("//a:1", "http://a:1/")]
    [InlineData("HTTP://a:1", "http://a:1/")]
    [InlineData("https://[::1]:1/x", "https://[::1]:1/x")]
    [InlineData(",http://a:1,", "http://a:1/")] // the original tries what names no host, fails and goes on
    public void A_missing_scheme_is_http(string endpoints, string urls)
    {
        Assert.Equal(urls, string.Join(',', EtcdctlEndpoints.ParseAll(endpoints.Split(',')).Select(url => url.AbsoluteUri)));
    }
}
