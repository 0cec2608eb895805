using Coreutil.Etcd.Server.Membership;

namespace Coreutil.Tests.Etcd.Server.Membership;

public sealed class UrlRulesTests
{
    // The texts are Go's url.Parse and etcd's types.NewURLs, as recorded (etcd.md §2).
    [Theory]
    [InlineData("http://127.0.0.1:2380", null)]
    [InlineData("https://[::1]:2380", null)]
    [InlineData("http://host:", null)]
    [InlineData("127.0.0.1:1", "parse \"127.0.0.1:1\": first path segment in URL cannot contain colon")]
    [InlineData(":1", "parse \":1\": missing protocol scheme")]
    [InlineData("localhost:2380", "URL scheme must be http or https: localhost:2380")]
    [InlineData("localhost", "URL scheme must be http or https: localhost")]
    [InlineData("unix://h:1", "URL scheme must be http or https: unix://h:1")]
    [InlineData("http://127.0.0.1", "URL address does not have the form \"host:port\": http://127.0.0.1")]
    [InlineData("http://[::1]", "URL address does not have the form \"host:port\": http://[::1]")]
    [InlineData("http://h:x", "parse \"http://h:x\": invalid port \":x\" after host")]
    [InlineData("http://h:1/p", "URL must not contain a path: http://h:1/p")]
    public void A_url_is_taken_or_refused_in_the_originals_words(string url, string? refusal) => Assert.Equal(refusal, UrlRules.Refuse(url));

    [Fact]
    public void No_url_at_all_is_refused() => Assert.Equal("no valid URLs given", UrlRules.Refuse([]));
}
