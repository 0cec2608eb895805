namespace Coreutil.Units.Files;

/// <summary>Go's <c>path.Match</c>: the pattern must cover the whole name, <c>*</c> and <c>?</c> stop at a slash, a malformed pattern matches nothing.</summary>
public static class PathGlob
{
    public static bool IsMatch(string pattern, string name) => Match(pattern, name) ?? false;

    // Null when the part of the pattern that had to be read is malformed.
    private static bool? Match(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        while (!pattern.IsEmpty)
        {
            if (pattern[0] == '*')
            {
                return MatchStar(pattern.TrimStart('*'), name);
            }

            if (name.IsEmpty)
            {
                return false;
            }

            switch (pattern[0])
            {
                case '?' when name[0] == '/':
                    return false;
                case '?':
                    pattern = pattern[1..];
                    break;
                case '[':
                    if (MatchClass(ref pattern, name[0]) is not { } isInClass)
                    {
                        return null;
                    }

                    if (!isInClass)
                    {
                        return false;
                    }

                    break;
                default:
                    if (!TryReadLiteral(ref pattern, out char literal))
                    {
                        return null;
                    }

                    if (literal != name[0])
                    {
                        return false;
                    }

                    break;
            }

            name = name[1..];
        }

        return name.IsEmpty;
    }

    private static bool? MatchStar(ReadOnlySpan<char> rest, ReadOnlySpan<char> name)
    {
        for (int skipped = 0; ; skipped++)
        {
            if (Match(rest, name[skipped..]) is not false and var answer)
            {
                return answer;
            }

            if (skipped == name.Length || name[skipped] == '/')
            {
                return false;
            }
        }
    }

    // [abc], [a-z], [^a]: moves the pattern past the closing bracket.
    private static bool? MatchClass(ref ReadOnlySpan<char> pattern, char c)
    {
        pattern = pattern[1..];
        bool isNegated = pattern is ['^', ..];
        if (isNegated)
        {
            pattern = pattern[1..];
        }

        bool isFound = false;
        for (bool isFirst = true; isFirst || pattern is not [']', ..]; isFirst = false)
        {
            if (pattern is [] or ['-' or ']', ..] || !TryReadLiteral(ref pattern, out char low))
            {
                return null;
            }

            char high = low;
            if (pattern is ['-', ..])
            {
                pattern = pattern[1..];
                if (pattern is [] or ['-' or ']', ..] || !TryReadLiteral(ref pattern, out high))
                {
                    return null;
                }
            }

            isFound |= c >= low && c <= high;
        }

        pattern = pattern[1..];
        return isFound != isNegated;
    }

    private static bool TryReadLiteral(ref ReadOnlySpan<char> pattern, out char literal)
    {
        if (pattern is ['\\'])
        {
            literal = '\0';
            return false;
        }

        int length = pattern[0] == '\\' ? 2 : 1;
        literal = pattern[length - 1];
        pattern = pattern[length..];
        return true;
    }
}
