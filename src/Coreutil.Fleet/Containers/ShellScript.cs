using System.Collections.Immutable;
using System.Text;

namespace Coreutil.Fleet.Containers;

/// <summary>
/// Splits what stands behind <c>sh -c</c> into simple commands. It looks for programs that are called, and is no shell: nothing is expanded, and what a
/// dollar or a backquote would bring stays in the words as it is written.
/// </summary>
internal static class ShellScript
{
    public static IEnumerable<ImmutableArray<string>> Commands(string script)
    {
        var words = ImmutableArray.CreateBuilder<string>();
        StringBuilder? word = null;
        for (int i = 0; i < script.Length; i++)
        {
            char current = script[i];
            switch (current)
            {
                case '\'' or '"':
                    word ??= new();
                    for (i++; i < script.Length && script[i] != current; i++)
                    {
                        // Within double quotes only these lose their backslash.
                        bool isEscape = current == '"' && script[i] == '\\' && i + 1 < script.Length && script[i + 1] is '"' or '\\' or '$' or '`';
                        i += isEscape ? 1 : 0;
                        word.Append(script[i]);
                    }

                    break;
                case '\\' when i + 1 < script.Length:
                    i++;
                    (word ??= new()).Append(script[i] == '\n' ? "" : script[i]);
                    break;
                case ';' or '&' or '|' or '(' or ')' or '`' or '\n':
                    Flush(words, ref word);
                    if (words.Count > 0)
                    {
                        yield return words.DrainToImmutable();
                    }

                    break;
                case ' ' or '\t' or '\r':
                    Flush(words, ref word);
                    break;
                default:
                    (word ??= new()).Append(current);
                    break;
            }
        }

        Flush(words, ref word);
        if (words.Count > 0)
        {
            yield return words.DrainToImmutable();
        }
    }

    private static void Flush(ImmutableArray<string>.Builder words, ref StringBuilder? word)
    {
        if (word is not null)
        {
            words.Add(word.ToString());
            word = null;
        }
    }
}
