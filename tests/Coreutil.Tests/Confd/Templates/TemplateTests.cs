using System.Text;
using Coreutil.Confd.Functions;
using Coreutil.Confd.Templates;

namespace Coreutil.Tests.Confd.Templates;

public sealed class TemplateTests
{
    // confd.md §7.1: only space, tab, CR and LF are trimmed, and a marker needs a space beside it.
    [Theory]
    [InlineData("[ {{-3}} ]", "[ -3 ]")]
    [InlineData("[ {{- 3 -}} ]", "[3]")]
    [InlineData("a{{/* c */}}b {{- /* t */ -}} c", "abc")]
    [InlineData("{{\"}}\"}} }}", "}} }}")]
    [InlineData("{{1_000}} {{017}} {{0x10}} {{1e3}} {{'a'}} {{1+2i}}", "1000 15 16 1000 97 (1+2i)")]
    public void The_lexer_reads_an_action(string template, string expected) => Assert.Equal(expected, Render(template));

    // confd.md §7.1, §7.2: a fault is told with its line when the parser reaches it.
    [Theory]
    [InlineData("{{\"abc}}", "template: t:1: unterminated quoted string")]
    [InlineData("{{$x : 1}}", "template: t:1: undefined variable \"$x\"")]
    [InlineData("\n{{nope}}", "template: t:2: function \"nope\" not defined")]
    [InlineData("{{if true}}a", "template: t:1: unexpected EOF")]
    [InlineData("{{with \"\"}}a{{else with \"x\"}}b{{end}}", "template: t:1: unexpected <with> in else")]
    [InlineData("{{1 | 2}}", "template: t:1: non executable command in pipeline stage 2")]
    [InlineData("{{break}}", "template: t:1: {{break}} outside {{range}}")]
    [InlineData("{{define \"T\"}}a{{end}}{{define \"T\"}}b{{end}}", "template: t:1: template: multiple definition of template \"T\"")]
    [InlineData("{{1_}}", "template: t:1: illegal number syntax: \"1_\"")]
    [InlineData("{{99999999999999999999}}", "template: t:1: integer overflow: \"99999999999999999999\"")]
    public void The_parser_names_the_fault_and_its_line(string template, string expected) =>
        Assert.Equal(expected, Assert.Throws<TemplateException>(() => Render(template)).Message);

    // confd.md §7.3 to §7.5.
    [Theory]
    [InlineData("{{.}} {{.a.b}} {{print .}}", "<no value> <no value> <nil>")]
    [InlineData("{{with \"x\"}}{{$}}{{.}}{{end}}", "<no value>x")]
    [InlineData("{{$n := 0}}{{range seq 1 4}}{{$n = add $n .}}{{end}}{{$n}}", "10")]
    [InlineData("{{range $i, $v := split \"a,b\" \",\"}}{{$i}}{{$v}}{{end}}", "0a1b")]
    [InlineData("{{range seq 1 9}}{{if eq . 3}}{{continue}}{{end}}{{if eq . 5}}{{break}}{{end}}{{.}}{{end}}", "124")]
    [InlineData("{{range (json \"{}\").x}}a{{else}}b{{end}}", "b")]
    [InlineData("{{template \"T\" 5}}{{define \"T\"}}({{.}}){{end}}", "(5)")]
    [InlineData("{{range $k, $v := map \"b\" 1 \"a\" 2}}{{$k}}{{$v}}{{end}}", "a2b1")]
    public void The_evaluator_keeps_dot_and_variables(string template, string expected) => Assert.Equal(expected, Render(template));

    // confd.md §7.6: the column counts bytes, and a chain stands at its first further field.
    [Theory]
    [InlineData("é{{split \"a\"}}", "template: t:1:4: executing \"t\" at <split>: wrong number of args for split: want 2 got 1")]
    [InlineData("{{toUpper 5}}", "template: t:1:10: executing \"t\" at <5>: expected string; found 5")]
    [InlineData("{{$d := json \"{\\\"a\\\":1}\"}}{{add $d.a 1}}", "template: t:1:34: executing \"t\" at <$d.a>: wrong type for value; expected int; got float64")]
    [InlineData("{{range 3}}{{end}}", "template: t:1:8: executing \"t\" at <3>: range can't iterate over 3")]
    [InlineData("{{template \"T\"}}{{define \"T\"}}{{template \"T\"}}{{end}}", "template: t:1:41: executing \"T\" at <{{template \"T\"}}>: exceeded maximum template depth (100000)")]
    public void An_error_points_at_the_node_visited_last(string template, string expected) =>
        Assert.Equal(expected, Assert.Throws<TemplateException>(() => Render(template)).Message);

    // Nobody's template may take the process down: depth is refused, whatever nests.
    [Theory]
    [InlineData("{{", "(", "1", ")", "}}")]
    [InlineData("", "{{if true}}", "x", "{{end}}", "")]
    public void Deep_nesting_is_an_error_and_no_crash(string before, string open, string middle, string close, string after)
    {
        string template = before + string.Concat(Enumerable.Repeat(open, 50000)) + middle + string.Concat(Enumerable.Repeat(close, 50000)) + after;

        Assert.Contains("nested deeper", Assert.Throws<TemplateException>(() => Render(template)).Message, StringComparison.Ordinal);
    }

    // confd.md §7.8.
    [Theory]
    [InlineData("{{printf \"%5d|%-5d|%05d|%+d|%x|%#x|%o\" 42 42 42 42 255 255 8}}", "   42|42   |00042|+42|ff|0xff|10")]
    [InlineData("{{printf \"%.2f|%6.0f|%e|%g|%.3g\" 3.14159 2.5 314.159 1e21 1234.567}}", "3.14|     2|3.141590e+02|1e+21|1.23e+03")]
    [InlineData("{{printf \"%d\" \"x\"}} {{printf \"%d\"}} {{printf \"a\" 1}} {{printf \"%\"}}", "%!d(string=x) %!d(MISSING) a%!(EXTRA int=1) %!(NOVERB)")]
    [InlineData("{{printf \"%[2]s %[1]s\" \"a\" \"b\"}}", "b a")]
    [InlineData("{{printf \"%q %v %05s\" (split \"a,b\" \",\") 1000000.0 \"ab\"}}", "[\"a\" \"b\"] 1e+06 000ab")]
    public void Printf_formats_as_Go_does(string template, string expected) => Assert.Equal(expected, Render(template));

    private static string Render(string template)
    {
        var functions = FunctionSet.Create(Coreutil.Confd.KeyMap.Create([], "/"), new HostView(_ => null, TimeProvider.System));
        return Encoding.UTF8.GetString(Template.Parse("t", Encoding.UTF8.GetBytes(template), functions).Execute(Value.Missing));
    }
}
