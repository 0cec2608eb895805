using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Coreutil.Units.Files;

/// <summary>One command of an Exec line, before its variables are filled in. The first word is the program, the second argv[0].</summary>
public sealed record ExecCommandLine(string Path, ImmutableArray<string> Words, bool IsFailureIgnored, bool IsLiteral)
{
    /// <summary>The plus: user, group and their like do not count for this command.</summary>
    public bool IsPrivileged { get; init; }

    /// <summary>A blank stood behind the prefix, as in <c>=- /bin/x</c>: accepted here, dropped with a warning by real systemd.</summary>
    public bool HasDetachedPrefix { get; init; }
}

public abstract record ExecLineResult
{
    private ExecLineResult()
    {
    }

    public sealed record Parsed(ImmutableArray<ExecCommandLine> Commands) : ExecLineResult;

    /// <param name="What">Why, in systemd's words.</param>
    /// <param name="IsFatal">systemd refuses the unit; without a dash before the program it does.</param>
    public sealed record Refused(string What, bool IsFatal) : ExecLineResult;
}

/// <summary>Command lines of unit files (systemd.service(5), COMMAND LINES): prefixes, quotes, C escapes, <c>;</c> between commands.</summary>
public static class ExecLine
{
    /// <summary>
    /// Reads a value; <paramref name="expand"/> fills specifiers into each word, so that what they bring along is never split, and has null for a word
    /// with one that is unknown.
    /// </summary>
    public static ExecLineResult Parse(string value, Func<string, string?> expand)
    {
        if (UnitWords.Split(value) is not { } words)
        {
            return new ExecLineResult.Refused($"Unbalanced quoting, ignoring: \"{value}\"", IsFatal: true);
        }

        if (words.Any(word => word.Text.Contains('\0', StringComparison.Ordinal)))
        {
            return new ExecLineResult.Refused("A null character cannot be part of a command line", IsFatal: true);
        }

        var commands = ImmutableArray.CreateBuilder<ExecCommandLine>();
        var pending = new List<string>();
        foreach (var word in words)
        {
            if (word is { Text: ";", IsQuoted: false })
            {
                if (Flush(commands, pending, value, expand) is { } failure)
                {
                    return failure;
                }
            }
            else
            {
                pending.Add(word is { Text: "\\;", IsQuoted: false } ? ";" : word.Text);
            }
        }

        return Flush(commands, pending, value, expand) as ExecLineResult ?? new ExecLineResult.Parsed(commands.ToImmutable());
    }

    /// <summary>
    /// Fills in variables: <c>${X}</c> anywhere is its value; <c>$X</c> as a whole word is its value split at blanks, none when unset; <c>$$</c> a dollar.
    /// </summary>
    public static ImmutableArray<string> Substitute(IEnumerable<string> words, IReadOnlyDictionary<string, string> environment)
    {
        var filled = ImmutableArray.CreateBuilder<string>();
        foreach (string word in words)
        {
            if (word.Length > 1 && word[0] == '$' && word[1] is not ('{' or '$'))
            {
                filled.AddRange(environment.TryGetValue(word[1..], out string? value) ? UnitWords.SplitLeniently(value) : []);
            }
            else
            {
                filled.Add(SubstituteBraces(word, environment));
            }
        }

        return filled.ToImmutable();
    }

    private static string SubstituteBraces(string word, IReadOnlyDictionary<string, string> environment)
    {
        if (!word.Contains('$', StringComparison.Ordinal))
        {
            return word;
        }

        var filled = new StringBuilder(word.Length);
        for (int i = 0; i < word.Length; i++)
        {
            char next = i + 1 < word.Length ? word[i + 1] : '\0';
            if (word[i] == '$' && next == '$')
            {
                filled.Append('$');
                i++;
            }
            else if (word[i] == '$' && next == '{' && word.IndexOf('}', i) is var close and > 0)
            {
                filled.Append(environment.GetValueOrDefault(word[(i + 2)..close], ""));
                i = close;
            }
            else
            {
                filled.Append(word[i]);
            }
        }

        return filled.ToString();
    }

    /// <summary>Makes a command of the words gathered so far; what is wrong with them where that cannot be.</summary>
    private static ExecLineResult.Refused? Flush(ImmutableArray<ExecCommandLine>.Builder commands, List<string> words, string value, Func<string, string?> expand)
    {
        if (words.Count == 0)
        {
            return null;
        }

        string prefix = PrefixOf(words[0]);
        bool isDetached = prefix.Length == words[0].Length;
        bool isFailureIgnored = prefix.Contains('-', StringComparison.Ordinal);
        string program = isDetached ? words.ElementAtOrDefault(1) ?? "" : words[0][prefix.Length..];
        string[] given = [.. words.Skip(isDetached ? 2 : 1)];
        words.Clear();
        if (program.Length == 0)
        {
            return Refuse("Empty path in command line", $"'{value}'");
        }

        if (expand(program) is not { Length: > 0 } path)
        {
            return Refuse($"Failed to resolve unit specifiers in '{program}'", "Invalid slot");
        }

        if (path.StartsWith('/') ? path.Contains('\0', StringComparison.Ordinal) : path is "." or ".." || path.Contains('/', StringComparison.Ordinal))
        {
            return Refuse("Neither a valid executable name nor an absolute path", path);
        }

        if (path.EndsWith('/'))
        {
            return Refuse("Executable path specifies a directory", path);
        }

        bool namesItself = prefix.Contains('@', StringComparison.Ordinal);
        if (namesItself && given.Length == 0)
        {
            return Refuse("Empty executable name or zeroeth argument", value);
        }

        string?[] arguments = [.. given.Select(expand)];
        if (Array.IndexOf(arguments, null) is var unresolved and >= 0)
        {
            return Refuse($"Failed to resolve unit specifiers in {given[unresolved]}", "Invalid slot");
        }

        var command = new ExecCommandLine(path, [.. namesItself ? [] : (string[])[path], .. arguments!], isFailureIgnored, prefix.Contains(':', StringComparison.Ordinal));

        // One '!' spares the change of user too; two do so only where the kernel has no ambient capabilities, and there is none like that any more.
        bool isPrivileged = prefix.Contains('+', StringComparison.Ordinal) || prefix.Count(mark => mark == '!') == 1;
        commands.Add(command with { HasDetachedPrefix = isDetached, IsPrivileged = isPrivileged });
        return null;

        ExecLineResult.Refused Refuse(string what, string where) => new($"{what}{(isFailureIgnored ? ", ignoring" : "")}: {where}", !isFailureIgnored);
    }

    /// <summary>The marks before the program: each once, and of those that give rights (a plus, one or two exclamation marks) only one kind.</summary>
    private static string PrefixOf(string word)
    {
        int length = 0;
        while (length < word.Length && word[length] is var mark && (mark switch
        {
            '-' or '@' or ':' => !Before(mark),
            '+' => !Before('+') && !Before('!'),
            '!' => !Before('+') && word.AsSpan(0, length).Count('!') < 2,
            _ => false,
        }))
        {
            length++;
        }

        return word[..length];

        bool Before(char mark) => word.AsSpan(0, length).Contains(mark);
    }
}

/// <param name="Text">Without quotes and escapes.</param>
/// <param name="IsQuoted">Part of it stood in quotes.</param>
/// <param name="Start">Where it begins in the value.</param>
/// <param name="HasUnknownEscape">A backslash in it stands for itself.</param>
public readonly record struct UnitWord(string Text, bool IsQuoted, int Start, bool HasUnknownEscape);

/// <summary>Splitting at blanks with both kinds of quotes, C escapes inside and outside of them, and joined continuation lines.</summary>
public static class UnitWords
{
    /// <summary>Null when a quote is not closed.</summary>
    public static ImmutableArray<UnitWord>? Split(string value)
    {
        string text = JoinLines(value);
        var words = ImmutableArray.CreateBuilder<UnitWord>();
        for (int i = 0; i < text.Length;)
        {
            if (char.IsWhiteSpace(text[i]))
            {
                i++;
                continue;
            }

            var word = new StringBuilder();
            int start = i;
            bool isQuoted = false;
            bool hasUnknownEscape = false;
            char quote = '\0';
            for (; i < text.Length && (quote != '\0' || !char.IsWhiteSpace(text[i])); i++)
            {
                char current = text[i];
                if (current == '\\' && i + 1 < text.Length)
                {
                    // "\;" stays as it is: as a word of its own it is the literal semicolon.
                    int length = word.Length;
                    i += AppendEscape(word, text.AsSpan(i));
                    hasUnknownEscape |= word.Length - length == 2 && text[i] != ';' && word[length] == '\\';
                }
                else if (quote == '\0' && current is ('"' or '\''))
                {
                    (quote, isQuoted) = (current, true);
                }
                else if (quote != '\0' && current == quote)
                {
                    quote = '\0';
                }
                else
                {
                    word.Append(current);
                }
            }

            if (quote != '\0')
            {
                return null;
            }

            words.Add(new(word.ToString(), isQuoted, start, hasUnknownEscape));
        }

        return words.ToImmutable();
    }

    /// <summary>
    /// Splits a variable's value as systemd does (EXTRACT_RELAX with EXTRACT_UNQUOTE): an open quote ends with the text, a backslash only protects the
    /// character behind it.
    /// </summary>
    public static ImmutableArray<string> SplitLeniently(string value)
    {
        var words = ImmutableArray.CreateBuilder<string>();
        StringBuilder? word = null;
        char quote = '\0';
        for (int i = 0; i < value.Length; i++)
        {
            char current = value[i];
            if (quote == '\0' && char.IsWhiteSpace(current))
            {
                if (word is not null)
                {
                    words.Add(word.ToString());
                    word = null;
                }

                continue;
            }

            word ??= new StringBuilder();
            if (current == '\\')
            {
                i++;
                word.Append(value.AsSpan(Math.Min(i, value.Length), i < value.Length ? 1 : 0));
            }
            else if (quote != '\0' && current == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && current is ('"' or '\''))
            {
                quote = current;
            }
            else
            {
                word.Append(current);
            }
        }

        if (word is not null)
        {
            words.Add(word.ToString());
        }

        return words.ToImmutable();
    }

    /// <summary>A trailing backslash and its newline are one blank; comment lines between continued lines are dropped.</summary>
    private static string JoinLines(string value)
    {
        if (!value.Contains('\n', StringComparison.Ordinal))
        {
            return value;
        }

        var joined = new StringBuilder(value.Length);
        bool isContinuation = false;
        foreach (string line in value.Split('\n'))
        {
            if (isContinuation && line.AsSpan().TrimStart() is ['#' or ';', ..])
            {
                continue;
            }

            isContinuation = line.EndsWith('\\');
            joined.Append(isContinuation ? line.AsSpan(0, line.Length - 1) : line).Append(' ');
        }

        return joined.ToString();
    }

    /// <summary>Appends what the escape at the start of <paramref name="text"/> stands for; returns how many characters follow the backslash in it.</summary>
    private static int AppendEscape(StringBuilder word, ReadOnlySpan<char> text)
    {
        int digits = text[1] switch
        {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if (digits > 0 && text.Length >= 2 + digits
            && int.TryParse(text.Slice(2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
            && Rune.IsValid(code))
        {
            word.Append(new Rune(code));
            return 1 + digits;
        }

        if (text.Length >= 4 && text[1] is >= '0' and <= '3' && text[2] is >= '0' and <= '7' && text[3] is >= '0' and <= '7')
        {
            word.Append((char)(((text[1] - '0') * 64) + ((text[2] - '0') * 8) + text[3] - '0'));
            return 3;
        }

        word.Append(text[1] switch
        {
            'a' => "\a",
            'b' => "\b",
            'f' => "\f",
            'n' => "\n",
            'r' => "\r",
            't' => "\t",
            'v' => "\v",
            's' => " ",
            '\\' => "\\",
            '"' => "\"",
            '\'' => "'",
            _ => $"\\{text[1]}",
        });
        return 1;
    }
}
