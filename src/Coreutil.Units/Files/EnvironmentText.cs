using System.Text;

namespace Coreutil.Units.Files;

/// <summary>Environment= values and environment files (systemd.exec(5)).</summary>
public static class EnvironmentText
{
    /// <summary>Words <c>NAME=value</c> of an Environment= line; a word without a name is left out.</summary>
    public static IEnumerable<KeyValuePair<string, string>> ParseAssignments(string value) =>
        (UnitWords.Split(value) ?? []).Select(word => Split(word.Text)).OfType<KeyValuePair<string, string>>();

    /// <summary>
    /// Lines <c>NAME=value</c> of a file: comments by # and ;, quotes around the value or parts of it, backslash escapes in double quotes, a trailing
    /// backslash continues. Nothing is expanded.
    /// </summary>
    public static IEnumerable<KeyValuePair<string, string>> ParseFile(string text)
    {
        foreach (string line in text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\\\n", "", StringComparison.Ordinal).Split('\n'))
        {
            string trimmed = line.Trim();
            if (trimmed.Length > 0 && trimmed[0] is not ('#' or ';') && Split(trimmed) is { } assignment)
            {
                yield return new(assignment.Key, Unquote(assignment.Value));
            }
        }
    }

    private static KeyValuePair<string, string>? Split(string word)
    {
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && IsName(word.AsSpan(0, equals).TrimEnd()) ? new(word[..equals].TrimEnd(), word[(equals + 1)..]) : null;
    }

    private static bool IsName(ReadOnlySpan<char> name) =>
        !name.IsEmpty && !char.IsAsciiDigit(name[0]) && !name.ContainsAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    private static string Unquote(string value)
    {
        var plain = new StringBuilder(value.Length);
        char quote = '\0';
        string trimmed = value.Trim();
        for (int i = 0; i < trimmed.Length; i++)
        {
            char current = trimmed[i];
            if (quote == '\0' && current is ('"' or '\''))
            {
                quote = current;
            }
            else if (quote != '\0' && current == quote)
            {
                quote = '\0';
            }
            else
            {
                i += current == '\\' && quote != '\'' && i + 1 < trimmed.Length ? 1 : 0;
                plain.Append(trimmed[i]);
            }
        }

        return plain.ToString();
    }
}
