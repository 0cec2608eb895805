using System.Text;
using Coreutil.Confd.Functions;
using Coreutil.Confd.Templates;

namespace Coreutil.Tests.Confd.Templates;

public sealed class PartialsTests
{
    [Theory]
    [InlineData("{{template \"p\" 5}}", "<5>")]
    [InlineData("{{include \"p\" 5 | printf \"%s!\"}}", "<5>!")]
    [InlineData("a{{$x := include \"p\" 1}}b{{$x}}", "ab<1>")]
    [InlineData("{{template \"defined in p\"}}", "d")]
    [InlineData("{{define \"p\"}}own{{end}}{{template \"p\"}}", "own")]
    public void A_template_calls_partials_and_its_own_definitions_win(string template, string expected) =>
        Assert.Equal(expected, Render(template, new TemplateSource("p", "<{{.}}>{{define \"defined in p\"}}d{{end}}"u8.ToArray())));

    [Fact]
    public void An_error_in_a_partial_stands_in_its_file() => Assert.Equal(
        "template: p:2:2: executing \"p\" at <getv \"/x\">: error calling getv: key does not exist: /x",
        Assert.Throws<TemplateException>(() => Render("{{template \"p\"}}", new TemplateSource("p", "\n{{getv \"/x\"}}"u8.ToArray()))).Message);

    [Fact]
    public void A_bad_partial_is_an_error_only_where_it_is_called()
    {
        var bad = new TemplateSource("p", "{{nope}}"u8.ToArray());

        Assert.Equal("fine", Render("fine", bad));
        Assert.EndsWith(
            "template: p:1: function \"nope\" not defined", Assert.Throws<TemplateException>(() => Render("{{template \"p\"}}", bad)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_partial_that_includes_itself_ends_in_an_error() => Assert.Contains(
        "exceeded maximum template depth", Assert.Throws<TemplateException>(() => Render("{{include \"p\"}}", new TemplateSource("p", "{{include \"p\"}}"u8.ToArray()))).Message, StringComparison.Ordinal);

    // Go's Delims: the usual ones are text then.
    [Theory]
    [InlineData("<<", ">>", "{{x}} << \"a\" >>", "{{x}} a")]
    [InlineData("[[", "]]", "a [[- /* c */ -]] b[[ index (split \"x,y\" \",\") 1 ]]", "aby")]
    [InlineData("", "", "{{1}}", "1")]
    public void Delimiters_can_be_others(string left, string right, string template, string expected) => Assert.Equal(
        expected, Encoding.UTF8.GetString(Template.Parse("t", Encoding.UTF8.GetBytes(template), Functions(), Delimiters.Create(left, right)).Execute(Value.Missing)));

    private static IEnumerable<TemplateFunction> Functions() =>
        FunctionSet.Create(Coreutil.Confd.KeyMap.Create([], "/"), new HostView(_ => null, TimeProvider.System));

    private static string Render(string template, params TemplateSource[] partials) =>
        Encoding.UTF8.GetString(Template.Parse("t", Encoding.UTF8.GetBytes(template), Functions(), null, partials).Execute(Value.Missing));
}
