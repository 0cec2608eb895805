using Coreutil.Etcd.Server.Proxy;

namespace Coreutil.Tests.Etcd.Server.Proxy;

public sealed class ProxyEndpointsTests
{
    private readonly EagerTime _time = new();

    [Fact]
    public void An_endpoint_that_failed_is_passed_over_for_a_while()
    {
        var endpoints = new ProxyEndpoints(TimeSpan.FromSeconds(5), _time, new Random(1));
        Assert.True(endpoints.Replace(["http://a:1", "http://b:1", "http://a:1"]));

        Assert.True(endpoints.Fail("http://a:1"));
        Assert.False(endpoints.Fail("http://a:1"));
        Assert.Equal(["http://b:1"], endpoints.Available.AsEnumerable());

        _time.CreateTimer(_ => { }, null, TimeSpan.FromSeconds(6), TimeSpan.Zero).Dispose();
        Assert.Equal(["http://a:1", "http://b:1"], endpoints.Available.Order());
    }

    [Fact]
    public void A_new_list_begins_without_failures()
    {
        var endpoints = new ProxyEndpoints(TimeSpan.FromSeconds(5), _time, new Random(1));
        endpoints.Replace(["http://a:1"]);
        endpoints.Fail("http://a:1");

        Assert.False(endpoints.Replace(["http://a:1"]));
        Assert.Equal(["http://a:1"], endpoints.Available.AsEnumerable());
    }
}
