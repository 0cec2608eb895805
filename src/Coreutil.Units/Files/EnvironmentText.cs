using System.Text;

namespace Coreutil.Units.Files;

/// <summary>Environment= values and environment files (systemd.exec(5)).</summary>
public static class EnvironmentText
{
    /// <summary>
    /// Words <c>NAME=value</c> of an Environment= line; a word without a name is left out. <paramref name="expand"/> fills specifiers into each word, and has
    /// null for one with an unknown specifier, which is left out as well.
    /// </summary>
    public static IEnumerable<KeyValuePair<string, string>> ParseAssignments(string value, Func<string, string?> expand) =>
        (UnitWords.Split(value) ?? []).Select(word => expand(word.Text) is { } text ? ParseAssignment(text) : null).OfType<KeyValuePair<string, string>>();

    /// <summary>Assignments of an environment file, in order; those whose name is none are left out. Nothing is expanded.</summary>
    public static IEnumerable<KeyValuePair<string, string>> ParseFile(string text)
    {
        var reader = new EnvironmentFileReader(text);
        while (reader.TryRead(out var assignment))
        {
            if (IsName(assignment.Key))
            {
                yield return assignment;
            }
        }
    }

    /// <summary>A name of a variable: letters, digits and underscores, with no digit before them.</summary>
    public static bool IsName(ReadOnlySpan<char> name) =>
        !name.IsEmpty && !char.IsAsciiDigit(name[0]) && !name.ContainsAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    /// <summary>One such word; null where it is none.</summary>
    public static KeyValuePair<string, string>? ParseAssignment(string word)
    {
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && IsName(word.AsSpan(0, equals)) ? new(word[..equals], word[(equals + 1)..]) : null;
    }
}

/// <summary>
/// An environment file as systemd 252 reads it: comments by # and ; (a backslash at their end continues them), quoted parts at the start of a value that
/// may span lines, escapes, and quotes that stay as they are in the middle of an unquoted value.
/// </summary>
internal sealed class EnvironmentFileReader(string text)
{
    private int _position;

    public bool TryRead(out KeyValuePair<string, string> assignment)
    {
        while (SkipBlanksAndComments())
        {
            int end = text.AsSpan(_position).IndexOfAny('=', '\n', '\r');
            if (end < 0)
            {
                break;
            }

            string name = text.Substring(_position, end).TrimEnd();
            _position += end + 1;
            if (text[_position - 1] == '=')
            {
                assignment = new(name, ReadValue());
                return true;
            }
        }

        assignment = default;
        return false;
    }

    private bool SkipBlanksAndComments()
    {
        for (; _position < text.Length; _position++)
        {
            if (text[_position] is '#' or ';')
            {
                SkipComment();
            }
            else if (!IsBlank(text[_position]) && !IsNewline(text[_position]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Stops at the newline that ends the comment.</summary>
    private void SkipComment()
    {
        while (_position < text.Length && !IsNewline(text[_position]))
        {
            _position += text[_position] == '\\' ? 2 : 1;
        }
    }

    private string ReadValue()
    {
        var value = new StringBuilder();
        while (_position < text.Length)
        {
            char current = text[_position++];
            if (IsNewline(current))
            {
                break;
            }

            if (current == '\'')
            {
                ReadSingleQuoted(value);
            }
            else if (current == '"')
            {
                ReadDoubleQuoted(value);
            }
            else if (!IsBlank(current))
            {
                _position--;
                ReadUnquoted(value);
                break;
            }
        }

        return value.ToString();
    }

    /// <summary>To the end of the line; blanks at its end do not count unless they are escaped.</summary>
    private void ReadUnquoted(StringBuilder value)
    {
        int kept = value.Length;
        while (_position < text.Length && text[_position++] is var current && !IsNewline(current))
        {
            if (current != '\\')
            {
                value.Append(current);
                kept = IsBlank(current) ? kept : value.Length;
                continue;
            }

            if (_position < text.Length && text[_position++] is var escaped && !IsNewline(escaped))
            {
                value.Append(escaped);
            }

            kept = value.Length;
        }

        value.Length = kept;
    }

    private void ReadSingleQuoted(StringBuilder value)
    {
        while (_position < text.Length && text[_position++] is var current && current != '\'')
        {
            value.Append(current);
        }
    }

    /// <summary>A backslash counts only before what a shell would escape there, and eats a newline.</summary>
    private void ReadDoubleQuoted(StringBuilder value)
    {
        while (_position < text.Length && text[_position++] is var current && current != '"')
        {
            if (current != '\\' || _position == text.Length)
            {
                value.Append(current);
                continue;
            }

            char escaped = text[_position++];
            if (escaped is not ('"' or '\\' or '`' or '$' or '\n'))
            {
                value.Append('\\');
            }

            value.Append(escaped == '\n' ? "" : escaped.ToString());
        }
    }

    private static bool IsBlank(char character) => character is ' ' or '\t';

    private static bool IsNewline(char character) => character is '\n' or '\r';
}
