using System.Text;
using Coreutil.Etcd.Server.Http;

namespace Coreutil.Tests.Etcd.Server.Http;

public sealed class GoJsonSyntaxTests
{
    // The texts of Go's encoding/json.
    [Theory]
    [InlineData(" {\"a\": [1, -0.5e+3, true, null, \"\\u00e9\\n\"]} ", null)]
    [InlineData("", "unexpected end of JSON input")]
    [InlineData("{\"a\":", "unexpected end of JSON input")]
    [InlineData("\"a", "unexpected end of JSON input")]
    [InlineData("x", "invalid character 'x' looking for beginning of value")]
    [InlineData("{x", "invalid character 'x' looking for beginning of object key string")]
    [InlineData("{\"a\":1,}", "invalid character '}' looking for beginning of object key string")]
    [InlineData("{\"a\" 1}", "invalid character '1' after object key")]
    [InlineData("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair")]
    [InlineData("[1 2]", "invalid character '2' after array element")]
    [InlineData("[1,]", "invalid character ']' looking for beginning of value")]
    [InlineData("{} x", "invalid character 'x' after top-level value")]
    [InlineData("01", "invalid character '1' after top-level value")]
    [InlineData("-x", "invalid character 'x' in numeric literal")]
    [InlineData("1.x", "invalid character 'x' after decimal point in numeric literal")]
    [InlineData("1ex", "invalid character 'x' in exponent of numeric literal")]
    [InlineData("trux", "invalid character 'x' in literal true (expecting 'e')")]
    [InlineData("\"\t\"", "invalid character '\\t' in string literal")]
    [InlineData("\"\\x\"", "invalid character 'x' in string escape code")]
    [InlineData("\"\\u00g0\"", "invalid character 'g' in \\u hexadecimal character escape")]
    public void A_fault_is_named_in_gos_words(string text, string? failure) => Assert.Equal(failure, GoJsonSyntax.Refuse(Encoding.UTF8.GetBytes(text)));
}
