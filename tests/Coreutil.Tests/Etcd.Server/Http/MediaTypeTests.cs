using Coreutil.Etcd.Server.Http;

namespace Coreutil.Tests.Etcd.Server.Http;

public sealed class MediaTypeTests
{
    // As recorded from etcd 2.3.8: its answer to a PUT with the header.
    [Theory]
    [InlineData("application/x-www-form-urlencoded", "application/x-www-form-urlencoded", null)]
    [InlineData("APPLICATION/X-WWW-FORM-URLENCODED ; charset=utf-8", "application/x-www-form-urlencoded", null)]
    [InlineData("application/x-www-form-urlencoded;", "application/x-www-form-urlencoded", null)]
    [InlineData("application/x-www-form-urlencoded; x=\"a;\\\"b\"", "application/x-www-form-urlencoded", null)]
    [InlineData("application/x-www-form-urlencoded; a=b; a=b", "application/x-www-form-urlencoded", null)]
    [InlineData("application/x-www-form-urlencoded; x", "application/x-www-form-urlencoded", "mime: invalid media parameter")]
    [InlineData("application/x-www-form-urlencoded; x=", "application/x-www-form-urlencoded", "mime: invalid media parameter")]
    [InlineData("application/x-www-form-urlencoded;a=b;a=c", "", "mime: duplicate parameter name")]
    [InlineData("application/x-www-form-urlencoded,text/plain", "", "mime: unexpected content after media subtype")]
    [InlineData("text", "text", null)]
    [InlineData("text/", "", "mime: expected token after slash")]
    [InlineData("text plain", "", "mime: expected slash after first token")]
    [InlineData("/", "", "mime: no media type")]
    [InlineData(";", "", "mime: no media type")]
    public void A_content_type_is_read_as_go_reads_it(string header, string type, string? failure) => Assert.Equal((type, failure), MediaType.Parse(header));
}
