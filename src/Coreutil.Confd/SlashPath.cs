using Coreutil.Confd.Templates;

namespace Coreutil.Confd;

/// <summary>Go's <c>path</c> package: slash-separated names, cleaned without looking at any file system.</summary>
internal static class SlashPath
{
    private const string BadPattern = "syntax error in pattern";

    public static string Join(params ReadOnlySpan<string> parts)
    {
        var filled = new List<string>();
        foreach (string part in parts)
        {
            if (part.Length > 0)
            {
                filled.Add(part);
            }
        }

        return filled.Count == 0 ? "" : Clean(string.Join('/', filled));
    }

    public static string Clean(string path)
    {
        bool isRooted = path.StartsWith('/');
        var kept = new List<string>();
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".")
            {
                continue;
            }

            if (part != "..")
            {
                kept.Add(part);
            }
            else if (kept.Count > 0 && kept[^1] != "..")
            {
                kept.RemoveAt(kept.Count - 1);
            }
            else if (!isRooted)
            {
                kept.Add(part);
            }
        }

        string joined = (isRooted ? "/" : "") + string.Join('/', kept);
        return joined.Length == 0 ? "." : joined;
    }

    public static string Base(string path)
    {
        string trimmed = path.TrimEnd('/');
        return path.Length == 0 ? "." : trimmed.Length == 0 ? "/" : trimmed[(trimmed.LastIndexOf('/') + 1)..];
    }

    public static string Directory(string path) => Clean(path[..(path.LastIndexOf('/') + 1)]);

    /// <summary>
    /// <c>path.Match</c> over a whole name: <c>*</c>, <c>?</c>, <c>[a-z]</c>, <c>[^a]</c> and backslash, none of which crosses a slash. A
    /// malformed pattern is found out only when matching gets there.
    /// </summary>
    public static bool Matches(string pattern, string name)
    {
        while (pattern.Length > 0)
        {
            bool hasStar = pattern[0] == '*';
            pattern = pattern.TrimStart('*');
            int end = ChunkEnd(pattern);
            string chunk = pattern[..end];
            pattern = pattern[end..];
            if (hasStar && chunk.Length == 0)
            {
                return !name.Contains('/', StringComparison.Ordinal);
            }

            if (MatchChunk(chunk, name) is { } rest && (rest.Length == 0 || pattern.Length > 0))
            {
                name = rest;
                continue;
            }

            if (!hasStar || AfterStar(chunk, name, isLast: pattern.Length == 0) is not { } after)
            {
                CheckPattern(pattern);
                return false;
            }

            name = after;
        }

        return name.Length == 0;
    }

    private static string? AfterStar(string chunk, string name, bool isLast)
    {
        for (int i = 0; i < name.Length && name[i] != '/'; i++)
        {
            if (MatchChunk(chunk, name[(i + 1)..]) is { } rest && !(isLast && rest.Length > 0))
            {
                return rest;
            }
        }

        return null;
    }

    /// <summary>Up to the next star that is neither escaped nor in a class.</summary>
    private static int ChunkEnd(string pattern)
    {
        bool isInClass = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '\\':
                    i++;
                    break;
                case '[':
                    isInClass = true;
                    break;
                case ']':
                    isInClass = false;
                    break;
                case '*' when !isInClass:
                    return i;
            }
        }

        return pattern.Length;
    }

    /// <summary>What is left of the name after the chunk; null when it does not match. The whole chunk is read, so that its faults are told.</summary>
    private static string? MatchChunk(string chunk, string name)
    {
        bool hasFailed = false;
        int at = 0;
        while (at < chunk.Length)
        {
            hasFailed |= name.Length == 0;
            switch (chunk[at])
            {
                case '[':
                    int code = 0;
                    if (!hasFailed)
                    {
                        code = GoText.RuneAt(name, 0, out int width).Value;
                        name = name[width..];
                    }

                    at++;
                    hasFailed |= !MatchClass(chunk, ref at, code);
                    break;
                case '?':
                    if (!hasFailed)
                    {
                        hasFailed = name[0] == '/';
                        GoText.RuneAt(name, 0, out int size);
                        name = name[size..];
                    }

                    at++;
                    break;
                default:
                    at += chunk[at] == '\\' ? 1 : 0;
                    if (at >= chunk.Length)
                    {
                        throw new FunctionException(BadPattern);
                    }

                    if (!hasFailed)
                    {
                        hasFailed = chunk[at] != name[0];
                        name = name[1..];
                    }

                    at++;
                    break;
            }
        }

        return hasFailed ? null : name;
    }

    private static bool MatchClass(string chunk, ref int at, int code)
    {
        bool isNegated = at < chunk.Length && chunk[at] == '^';
        at += isNegated ? 1 : 0;
        bool isMatch = false;
        for (int ranges = 0; ; ranges++)
        {
            if (at < chunk.Length && chunk[at] == ']' && ranges > 0)
            {
                at++;
                return isMatch != isNegated;
            }

            int low = ClassRune(chunk, ref at);
            int high = low;
            if (at < chunk.Length && chunk[at] == '-')
            {
                at++;
                high = ClassRune(chunk, ref at);
            }

            isMatch |= low <= code && code <= high;
        }
    }

    private static int ClassRune(string chunk, ref int at)
    {
        if (at >= chunk.Length || chunk[at] is '-' or ']')
        {
            throw new FunctionException(BadPattern);
        }

        at += chunk[at] == '\\' ? 1 : 0;
        if (at >= chunk.Length)
        {
            throw new FunctionException(BadPattern);
        }

        int code = GoText.RuneAt(chunk, at, out int width).Value;
        at += width;
        // A class must be closed after it.
        return at < chunk.Length ? code : throw new FunctionException(BadPattern);
    }

    /// <summary>The part that was not reached is still read for its syntax.</summary>
    private static void CheckPattern(string pattern)
    {
        while (pattern.Length > 0)
        {
            pattern = pattern.TrimStart('*');
            int end = ChunkEnd(pattern);
            MatchChunk(pattern[..end], "");
            pattern = pattern[end..];
        }
    }
}
