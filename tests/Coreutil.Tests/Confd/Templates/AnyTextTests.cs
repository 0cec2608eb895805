using System.Text;
using Coreutil.Confd.Functions;
using Coreutil.Confd.Templates;

namespace Coreutil.Tests.Confd.Templates;

public sealed class AnyTextTests
{
    private static readonly string[] _pieces =
    [
        "{{", "}}", "{{-", " -}}", "{{/*", "*/}}", "if ", "else", "end", "range ", "with ", "define \"T\"", "block \"B\" .", "template \"T\"", "include \"T\"",
        "break", "continue", "$x := ", "$x", "$", ".", ".a.b", "|", "(", ")", "\"s\"", "`r`", "'c'", "1", "-1.5e3", "0x1f", "1i", "nil", "true", " ", "\n", "é", "\u0000",
        "getv \"/k\"", "gets \"/*\"", "split \"a,b\" \",\"", "json \"{\\\"a\\\":[1]}\"", "printf \"%v %d %q\" ", "index ", "slice ", "len ", "seq 1 3", "map \"k\" 1",
        "toJSON ", "toYAML ", "default 1 ", "regexReplaceAll \"a\" \"b\" ", "eq ", "lt ", "and ", "or ", "not ", "call ", "datetime", "reverse ", "base64Decode ",
    ];

    // Issue 6, part 1: whatever somebody writes is rendered or refused with a text; nothing else comes out of the engine.
    [Fact]
    public void Any_text_is_rendered_or_refused_as_a_template()
    {
        const int Seed = 6;
        var random = new Random(Seed);
        var functions = FunctionSet.Create(Coreutil.Confd.KeyMap.Create([new("/k", "v"), new("/d/e", "1")], "/"), new HostView(_ => null, TimeProvider.System)).ToArray();
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 14)).Select(_ => _pieces[random.Next(_pieces.Length)]));
            text = random.Next(3) == 0 ? text : "{{" + text + "}}";
            Exception? escaped = Record.Exception(() => RenderOrRefuse(text, functions));
            Assert.True(escaped is null, $"seed {Seed}, case {i}: {text}\n{escaped}");
        }
    }

    private static void RenderOrRefuse(string text, IEnumerable<TemplateFunction> functions)
    {
        try
        {
            Template.Parse("t", Encoding.UTF8.GetBytes(text), functions).Execute(Value.Missing);
        }
        catch (TemplateException refused)
        {
            Assert.StartsWith("template: t:", refused.Message, StringComparison.Ordinal);
        }
    }
}
