using System.Text;
using Coreutil.Confd.Functions;
using Coreutil.Confd.Templates;
using Coreutil.Core.Net;

namespace Coreutil.Tests.Confd.Functions;

public sealed class HelperFunctionsTests
{
    [Theory]
    [InlineData("{{json \"{\\\"b\\\":[1,2.5,null],\\\"a\\\":\\\"x\\\\n\\\"}\" | toJSON}}", "{\"a\":\"x\\n\",\"b\":[1,2.5,null]}")]
    [InlineData("{{json \"{\\\"b\\\":[1,{\\\"c\\\":\\\"yes\\\"}],\\\"on\\\":true,\\\"e\\\":[]}\" | toYAML}}", "b:\n  - 1\n  -\n    c: \"yes\"\ne: []\n\"on\": true")]
    [InlineData("{{getv \"/none\" \"\" | default \"d\"}}{{default \"d\" \"x\"}}", "dx")]
    [InlineData("{{trim \" a \\n\"}}{{trimPrefix \"v1\" \"v\"}}{{hasPrefix \"abc\" \"ab\"}}{{hasSuffix \"abc\" \"ab\"}}", "a1truefalse")]
    [InlineData("{{regexMatch \"^a+$\" \"aaa\"}} {{regexFind \"[0-9]+\" \"ab12c\"}} {{regexReplaceAll \"(.)b\" \"xbyb\" \"${1}-\"}}", "true 12 x-y-")]
    [InlineData("{{add (toInt (json \"{\\\"n\\\":41}\").n) 1}}", "42")]
    [InlineData("{{indent 2 \"a\\nb\"}}", "  a\n  b")]
    [InlineData("{{range lookupSRV \"etcd\" \"tcp\" \"x.org\"}}{{.Target}}:{{.Port}} {{end}}", "a.x.org.:2380 b.x.org.:2379 ")]
    public void A_helper_answers(string template, string expected) => Assert.Equal(expected, Render(template));

    // Issue 6, part 2: refused clearly, whatever branch it stands in is not the question.
    [Theory]
    [InlineData("cget")]
    [InlineData("cgets")]
    [InlineData("cgetv")]
    [InlineData("cgetvs")]
    public void Encrypted_values_are_refused_by_name(string function) => Assert.Contains(
        $"error calling {function}: encrypted values cannot be read", Assert.Throws<TemplateException>(() => Render($"{{{{{function} \"/k\"}}}}")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_bad_expression_is_refused() =>
        Assert.Contains("error parsing regexp", Assert.Throws<TemplateException>(() => Render("{{regexMatch \"(\" \"a\"}}")).Message, StringComparison.Ordinal);

    private static string Render(string template)
    {
        SrvRecord[] records = [new("b.x.org", 2379, 1, 1), new("a.x.org", 2380, 2, 1)];
        var host = new HostView(_ => null, TimeProvider.System, name => name == "_etcd._tcp.x.org" ? [.. records] : []);
        var functions = FunctionSet.Create(Coreutil.Confd.KeyMap.Create([], "/"), host);
        return Encoding.UTF8.GetString(Template.Parse("t", Encoding.UTF8.GetBytes(template), functions).Execute(Value.Missing));
    }
}
