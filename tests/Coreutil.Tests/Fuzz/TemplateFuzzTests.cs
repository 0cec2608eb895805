using System.Text;
using Coreutil.Confd;
using Coreutil.Confd.Functions;
using Coreutil.Confd.Templates;

namespace Coreutil.Tests.Fuzz;

// Issue 6, part 1: whatever somebody writes is rendered or refused with a text; nothing else comes out of the engine, and it always ends.
public sealed class TemplateFuzzTests
{
    private const int Share = 20_000;
    private const long MostSteps = 200_000;

    private static readonly string[] _pieces =
    [
        "{{", "}}", "{{-", " -}}", "{{/*", "*/}}", "if ", "else", "end", "range ", "with ", "define \"T\"", "block \"B\" .", "template \"T\"", "include \"T\"",
        "break", "continue", "$x := ", "$x", "$", ".", ".a.b", "|", "(", ")", "\"s\"", "`r`", "'c'", "1", "-1.5e3", "0x1f", "1i", "nil", "true", " ", "\n", "é", "\u0000",
        "getv \"/k\"", "gets \"/*\"", "split \"a,b\" \",\"", "json \"{\\\"a\\\":[1]}\"", "printf \"%v %d %q\" ", "index ", "slice ", "len ", "seq 1 3", "map \"k\" 1",
        "toJSON ", "toYAML ", "default 1 ", "regexReplaceAll \"a\" \"b\" ", "eq ", "lt ", "and ", "or ", "not ", "call ", "datetime", "reverse ", "base64Decode ",
    ];

    private static readonly string[] _operands =
    [
        ".", "$", "nil", "true", "1", "-7", "9223372036854775807", "2.5", "1e300", "1i", "'x'", "\"\"", "\"/k\"", "\"/*\"", "`{\"a\":[1,null]}`", "\"%d%v%*.*f%[2]q%!\"",
        "$x", "$x.a", "$x.Key", "$m", "$m.k", "$m.self.k", "$l", "$t", "$t.Month", "(gets \"/*\")", "(seq 1 5)", "(index $l 0)", "datetime", "(get \"/k\")",
    ];

    private static readonly TemplateFunction[] _functions =
    [
        .. FunctionSet.Create(KeyMap.Create([new("/k", "v"), new("/d/e", "1"), new("/d/f", "é\0\"")], "/"), new HostView(_ => null, TimeProvider.System))
            // Nobody's name server is asked.
            .Where(function => !function.Name.StartsWith("lookup", StringComparison.Ordinal)),
    ];

    private static readonly string[] _names = [.. _functions.Select(function => function.Name), "and", "or", "not", "eq", "ne", "lt", "ge", "index", "slice", "len", "print", "printf", "println", "html", "js", "urlquery", "call"];

    [Fact]
    public void Any_pieces_are_rendered_or_refused() => FuzzRounds.Run(Share, (random, seed) =>
    {
        string text = string.Concat(Enumerable.Range(0, random.Next(1, 14)).Select(_ => _pieces[random.Next(_pieces.Length)]));
        Check(random.Next(3) == 0 ? text : "{{" + text + "}}", seed);
    });

    [Fact]
    public void Any_expressions_are_evaluated_or_refused() => FuzzRounds.Run(Share, (random, seed) =>
    {
        const string Known = "{{define \"T\"}}<{{.}}{{if eq (len (print .)) 3}}{{template \"T\" (print . 1)}}{{end}}>{{end}}"
            + "{{$l := split \"a,b,c\" \",\"}}{{$m := map \"k\" 1 \"n\" nil}}{{$m = map \"self\" $m \"k\" $l}}{{$t := datetime}}{{$x := json (`{\"a\":{\"b\":[1,\"s\",null,{}]}}`)}}";
        Check(Known + Statement(random, 0) + Statement(random, 0), seed);
    });

    [Fact]
    public void Any_bytes_are_rendered_or_refused() => FuzzRounds.Run(Share / 4, (random, seed) =>
    {
        byte[] bytes = Encoding.UTF8.GetBytes("{{range $k, $v := gets \"/*\"}}{{printf \"%-5.2q|\" $v.Key}}{{else}}x{{end}}{{with $x := index (split \"a b\" ` `) 1}}{{$x | toUpper}}{{end}}");
        for (int change = random.Next(1, 6); change > 0; change--)
        {
            bytes[random.Next(bytes.Length)] = (byte)(random.Next(2) == 0 ? random.Next(256) : "{}()|\"`'$.-:=,/*"[random.Next(16)]);
        }

        Check(bytes, seed);
    });

    private static string Statement(Random random, int depth) => random.Next(depth > 3 ? 2 : 9) switch
    {
        0 or 1 => $"{{{{{Pipeline(random, 0)}}}}}",
        2 => $"{{{{if {Pipeline(random, 0)}}}}}{Statement(random, depth + 1)}{{{{else}}}}{Statement(random, depth + 1)}{{{{end}}}}",
        3 => $"{{{{with $x := {Pipeline(random, 0)}}}}}{Statement(random, depth + 1)}{{{{end}}}}",
        4 or 5 => $"{{{{range $i, $x := {Pipeline(random, 0)}}}}}{Statement(random, depth + 1)}{{{{if eq $i 2}}}}{{{{break}}}}{{{{end}}}}{{{{else}}}}{Statement(random, depth + 1)}{{{{end}}}}",
        6 => $"{{{{$x = {Pipeline(random, 0)}}}}}",
        7 => $"{{{{template \"T\" {Pipeline(random, 0)}}}}}",
        _ => Statement(random, depth + 1) + Statement(random, depth + 1),
    };

    private static string Pipeline(Random random, int depth)
    {
        string command = random.Next(4) == 0 ? Operand(random, depth)
            : _names[random.Next(_names.Length)] + string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => " " + Operand(random, depth)));
        return random.Next(4) == 0 && depth < 3 ? $"{command} | {Pipeline(random, depth + 1)}" : command;
    }

    private static string Operand(Random random, int depth) =>
        random.Next(5) == 0 && depth < 3 ? $"({Pipeline(random, depth + 1)})" : _operands[random.Next(_operands.Length)];

    private static void Check(string text, int seed) => Check(Encoding.UTF8.GetBytes(text), seed);

    private static void Check(byte[] text, int seed)
    {
        var escaped = Record.Exception(() => RenderOrRefuse(text));
        Assert.True(escaped is null, $"seed {seed}: {Encoding.UTF8.GetString(text)}\n{escaped}");
    }

    private static void RenderOrRefuse(byte[] text)
    {
        try
        {
            Template.Parse("t", text, _functions).Execute(Value.Missing, MostSteps);
        }
        catch (TemplateException refused)
        {
            Assert.StartsWith("template: t:", refused.Message, StringComparison.Ordinal);
        }
    }
}
