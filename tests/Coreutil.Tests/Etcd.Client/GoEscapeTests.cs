using Coreutil.Etcd.Client;

namespace Coreutil.Tests.Etcd.Client;

// What etcdctl 2.3.8 sent, as its --debug tells it.
public sealed class GoEscapeTests
{
    [Theory]
    [InlineData("/a b", "/a%20b")]
    [InlineData("/=@$&+,:;", "/=@$&+,:;")]
    [InlineData("/a?x=1#f", "/a%3Fx=1%23f")]
    [InlineData("/a%2Fb", "/a%252Fb")]
    [InlineData("/~!*'()", "/~%21%2A%27%28%29")]
    [InlineData("/é\U0001F600", "/%C3%A9%F0%9F%98%80")]
    public void A_path_keeps_what_separates_in_it(string path, string escaped) => Assert.Equal(escaped, GoEscape.Path(path));

    [Theory]
    [InlineData("a b", "a+b")]
    [InlineData("a&b=c+%", "a%26b%3Dc%2B%25")]
    public void A_query_has_plus_for_a_blank(string value, string escaped) => Assert.Equal(escaped, GoEscape.Query(value));

    [Theory]
    [InlineData("/", "/")]
    [InlineData("", "/")]
    [InlineData("a", "/a")]
    [InlineData("/a//b/./c", "/a/b/c")]
    [InlineData("/a/../b/", "/b/")]
    [InlineData("/..", "/")]
    public void A_path_is_cleaned_but_for_its_closing_slash(string path, string clean) => Assert.Equal(clean, GoEscape.CleanPath(path));
}
