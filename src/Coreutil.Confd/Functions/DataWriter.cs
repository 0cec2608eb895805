using System.Globalization;
using System.Text;
using Coreutil.Confd.Templates;

namespace Coreutil.Confd.Functions;

/// <summary>Values of templates as JSON in one line, and as YAML in blocks. Texts are byte strings and stay what they are.</summary>
internal static class DataWriter
{
    private const int DeepestNesting = 1000;

    public static string Json(object? data)
    {
        var text = new StringBuilder();
        AppendJson(text, data, 0);
        return text.ToString();
    }

    /// <summary>Without a line end behind it, so that it can be indented.</summary>
    public static string Yaml(object? data)
    {
        var text = new StringBuilder();
        AppendYaml(text, data, 0);
        return text.ToString().Trim('\n');
    }

    private static void AppendJson(StringBuilder text, object? data, int depth)
    {
        CheckSize(text, depth);
        switch (data)
        {
            case GoSlice slice:
                AppendAll(text, '[', ']', slice.Elements.ToArray(), element => AppendJson(text, element, depth + 1));
                break;
            case GoMap map:
                AppendAll(text, '{', '}', [.. map.Entries], entry => AppendEntry(text, entry.Key, entry.Value, depth));
                break;
            case GoInteger number:
                text.Append(number.Number.ToString(CultureInfo.InvariantCulture));
                break;
            case GoObject { Fields.Count: > 0 } structure:
                AppendAll(text, '{', '}', [.. structure.Fields], field => AppendEntry(text, field.Name, field.Value, depth));
                break;
            default:
                text.Append(Scalar(data));
                break;
        }
    }

    private static void AppendAll<T>(StringBuilder text, char open, char close, T[] items, Action<T> append)
    {
        text.Append(open);
        for (int i = 0; i < items.Length; i++)
        {
            text.Append(i > 0 ? "," : "");
            append(items[i]);
        }

        text.Append(close);
    }

    private static void AppendEntry(StringBuilder text, string name, object? value, int depth)
    {
        text.Append(QuoteJson(name)).Append(':');
        AppendJson(text, value, depth + 1);
    }

    /// <summary>A block on lines of its own, indented by its depth; what is empty or plain stays on the line it is on.</summary>
    private static void AppendYaml(StringBuilder text, object? data, int depth)
    {
        CheckSize(text, depth);
        string indent = new(' ', 2 * depth);
        switch (data)
        {
            case GoSlice { Length: > 0 } slice:
                foreach (object? element in slice.Elements)
                {
                    text.Append('\n').Append(indent).Append('-');
                    AppendYamlChild(text, element, depth);
                }

                break;
            case GoMap { Count: > 0 } map:
                foreach (var (name, value) in map.Entries)
                {
                    text.Append('\n').Append(indent).Append(PlainOrQuoted(name)).Append(':');
                    AppendYamlChild(text, value, depth);
                }

                break;
            default:
                AppendJson(text, data, depth);
                break;
        }
    }

    private static void AppendYamlChild(StringBuilder text, object? child, int depth)
    {
        if (child is GoSlice { Length: > 0 } or GoMap { Count: > 0 })
        {
            AppendYaml(text, child, depth + 1);
        }
        else
        {
            text.Append(' ');
            AppendYaml(text, child, depth + 1);
        }
    }

    /// <summary>JSON's quoted text is YAML's too; a name of letters needs none, unless it reads as something else.</summary>
    private static string PlainOrQuoted(string name)
    {
        bool isPlain = name.Length > 0 && char.IsAsciiLetter(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/')
            && name.ToUpperInvariant() is not ("Y" or "N" or "YES" or "NO" or "ON" or "OFF" or "TRUE" or "FALSE" or "NULL");
        return isPlain ? name : QuoteJson(name);
    }

    private static string Scalar(object? data) => data switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        string text => QuoteJson(text),
        double number when double.IsFinite(number) => FloatFormat.Format(number, Math.Abs(number) is 0 or (>= 1e-6 and < 1e21) ? 'f' : 'e', -1),
        long or byte => Convert.ToString(data, CultureInfo.InvariantCulture)!,
        _ => QuoteJson(GoFormat.Sprint(data)),
    };

    private static string QuoteJson(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (char c in text)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                < ' ' => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    private static void CheckSize(StringBuilder text, int depth)
    {
        Limits.CheckText(text.Length);
        if (depth > DeepestNesting)
        {
            throw new FunctionException($"nested deeper than {DeepestNesting} levels");
        }
    }
}
