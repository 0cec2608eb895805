using System.Collections.Immutable;
using System.Text;

namespace Coreutil.Fleet.Containers;

/// <summary>
/// Splits what stands behind <c>sh -c</c> into simple commands. It looks for programs that are called, and is no shell: variables stay in the words as they
/// are written, and a dollar stands for what a command in <c>$(…)</c> or backquotes would bring. Those commands come after the others.
/// </summary>
internal static class ShellScript
{
    public static ImmutableArray<ImmutableArray<string>> Commands(string script)
    {
        var commands = new List<ImmutableArray<string>>();
        var substitutions = new List<string>();
        var words = ImmutableArray.CreateBuilder<string>();
        for (int i = 0; i < script.Length;)
        {
            switch (script[i])
            {
                case '\n' or ';' or '&' or '|' or '(' or ')':
                    commands.Add(words.DrainToImmutable());
                    i++;
                    break;
                case '#':
                    i = script.IndexOf('\n', i) is var end and >= 0 ? end : script.Length;
                    break;
                case ' ' or '\t' or '\r':
                    i++;
                    break;
                default:
                    words.Add(ReadWord(script, ref i, substitutions));
                    break;
            }
        }

        commands.Add(words.DrainToImmutable());
        return [.. commands.Where(command => !command.IsEmpty), .. substitutions.SelectMany(inner => Commands(inner))];
    }

    private static string ReadWord(string script, ref int i, List<string> substitutions)
    {
        var word = new StringBuilder();
        bool isQuoted = false; // by double quotes, in which substitutions count
        for (; i < script.Length && (isQuoted || !IsEndOfWord(script[i])); i++)
        {
            switch (script[i])
            {
                case '\'' when !isQuoted:
                    int close = script.IndexOf('\'', i + 1) is var found and >= 0 ? found : script.Length;
                    word.Append(script.AsSpan((i + 1)..close));
                    i = close;
                    break;
                case '"':
                    isQuoted = !isQuoted;
                    break;
                case '\\' when i + 1 < script.Length:
                    // Within double quotes only these lose their backslash.
                    i++;
                    word.Append(isQuoted && script[i] is not ('"' or '\\' or '$' or '`' or '\n') ? "\\" : "").Append(script[i] == '\n' ? "" : script[i]);
                    break;
                case '`':
                    int end = script.IndexOf('`', i + 1) is var last and >= 0 ? last : script.Length;
                    substitutions.Add(script[(i + 1)..end]);
                    word.Append('$');
                    i = end;
                    break;
                case '$' when i + 1 < script.Length && script[i + 1] == '(':
                    int parenthesis = ClosingParenthesis(script, i + 1);
                    substitutions.Add(script[(i + 2)..parenthesis]);
                    word.Append('$');
                    i = parenthesis;
                    break;
                default:
                    word.Append(script[i]);
                    break;
            }
        }

        return word.ToString();
    }

    private static bool IsEndOfWord(char current) => current is ' ' or '\t' or '\r' or '\n' or ';' or '&' or '|' or '(' or ')';

    /// <summary>The end of the text where it is not closed.</summary>
    private static int ClosingParenthesis(string script, int open)
    {
        int depth = 0;
        for (int i = open; i < script.Length; i++)
        {
            depth += script[i] switch
            {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            if (depth == 0)
            {
                return i;
            }
        }

        return script.Length;
    }
}
