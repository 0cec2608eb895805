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
    [InlineData(" http://h:1 ", null)]
    [InlineData("HTTP://h:1", null)]
    [InlineData("http://u@h:1?q#f", null)]
    [InlineData("http://h:99999", null)]
    [InlineData("http://h o:1", "parse \"http://h o:1\": invalid character \" \" in host name")]
    [InlineData("http://h%zz:1", "parse \"http://h%zz:1\": invalid URL escape \"%zz\"")]
    [InlineData("http://[::1", "parse \"http://[::1\": missing ']' in host")]
    [InlineData("http://h:1:2", "URL address does not have the form \"host:port\": http://h:1:2")]
    [InlineData("http:h:1", "URL address does not have the form \"host:port\": http:h:1")]
    [InlineData("http://\u007f:1", "parse \"http://\\x7f:1\": net/url: invalid control character in URL")]
    public void A_url_is_taken_or_refused_in_the_originals_words(string url, string? refusal) => Assert.Equal(refusal, UrlRules.Refuse(url));

    [Fact]
    public void No_url_at_all_is_refused() => Assert.Equal("no valid URLs given", UrlRules.Refuse([]));
}
