using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Coreutil.Confd.Templates;

/// <summary>The functions every Go template has (confd.md §6, §7.8 to §7.10).</summary>
internal static class Builtins
{
    public static ImmutableArray<TemplateFunction> All { get; } =
    [
        Variadic("and", [GoTypes.AnyValue, GoTypes.AnyValue], values => values[^1]) with { StopsAt = false },
        Variadic("or", [GoTypes.AnyValue, GoTypes.AnyValue], values => values[^1]) with { StopsAt = true },
        new("not", [GoTypes.AnyValue], values => Value.Of(!GoTypes.IsTrue(values[0].Data))),
        Variadic("eq", [GoTypes.AnyValue, GoTypes.AnyValue], values => Value.Of(Comparison.EqualsAny(values))),
        new("ne", [GoTypes.AnyValue, GoTypes.AnyValue], values => Value.Of(!Comparison.EqualsAny(values))),
        Order("lt", values => Comparison.IsLess(values[0], values[1])),
        Order("le", values => Comparison.IsLess(values[0], values[1]) || Comparison.EqualsAny(values)),
        Order("gt", values => !Comparison.IsLess(values[0], values[1]) && !Comparison.EqualsAny(values)),
        Order("ge", values => !Comparison.IsLess(values[0], values[1])),
        Variadic("index", [GoTypes.AnyValue, GoTypes.AnyValue], values => Indexing.Index(values[0], values[1..])),
        Variadic("slice", [GoTypes.AnyValue, GoTypes.AnyValue], values => Indexing.Slice(values[0], values[1..])),
        new("len", [GoTypes.AnyValue], values => Value.Of(Indexing.Length(values[0]))),
        Variadic("call", [GoTypes.AnyValue, GoTypes.AnyValue], Call),
        Variadic("print", [GoTypes.Interface], values => Value.Of(GoFormat.Sprint(Operands(values)))),
        Variadic("println", [GoTypes.Interface], values => Value.Of(GoFormat.Sprintln(Operands(values)))),
        Variadic("printf", [GoTypes.String, GoTypes.Interface], values => Value.Of(GoFormat.Sprintf((string)values[0].Data!, Operands(values).AsSpan(1)))),
        Variadic("html", [GoTypes.Interface], values => Value.Of(EscapeHtml(Printable(values)))),
        Variadic("js", [GoTypes.Interface], values => Value.Of(EscapeScript(Printable(values)))),
        Variadic("urlquery", [GoTypes.Interface], values => Value.Of(EscapeQuery(Printable(values)))),
    ];

    public static string EscapeHtml(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            escaped.Append(c switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&#34;",
                '\'' => "&#39;",
                '\0' => GoText.FromRune(Rune.ReplacementChar),
                _ => c.ToString(),
            });
        }

        return escaped.ToString();
    }

    public static string EscapeScript(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var (rune, bytes) in GoText.Runes(text))
        {
            escaped.Append(rune.Value switch
            {
                '\\' => "\\\\",
                '\'' => "\\'",
                '"' => "\\\"",
                '<' => "\\u003C",
                '>' => "\\u003E",
                '&' => "\\u0026",
                '=' => "\\u003D",
                _ when !rune.IsAscii && GoText.IsPrintable(rune) => bytes,
                < 0x20 or >= 0x80 => $"\\u{rune.Value:X4}",
                _ => bytes,
            });
        }

        return escaped.ToString();
    }

    public static string EscapeQuery(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '~')
            {
                escaped.Append(c);
            }
            else if (c == ' ')
            {
                escaped.Append('+');
            }
            else
            {
                escaped.Append(CultureInfo.InvariantCulture, $"%{(int)c:X2}");
            }
        }

        return escaped.ToString();
    }

    private static TemplateFunction Variadic(string name, ImmutableArray<string> parameters, Func<Value[], Value> body) =>
        new(name, parameters, body) { IsVariadic = true };

    private static TemplateFunction Order(string name, Func<Value[], bool> body) =>
        new(name, [GoTypes.AnyValue, GoTypes.AnyValue], values => Value.Of(body(values)));

    private static object?[] Operands(Value[] values) => [.. values.Select(value => value.Data)];

    /// <summary>What is nothing is printed here as the template itself prints it: a text.</summary>
    private static string Printable(Value[] values) => GoFormat.Sprint([.. values.Select(value => value.Data ?? "<no value>")]);

    /// <summary>Nothing in the data of a confd template is a function.</summary>
    private static Value Call(Value[] values) =>
        throw new FunctionException(values[0].Unwrap().IsMissing ? "call of nil" : $"non-function of type {values[0].Unwrap().TypeName}");
}
