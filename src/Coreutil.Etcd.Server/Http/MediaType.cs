namespace Coreutil.Etcd.Server.Http;

/// <summary>
/// A Content-Type as Go's mime.ParseMediaType reads it: a form is one only by its exact type, and a header that breaks the grammar spoils the request.
/// </summary>
internal static class MediaType
{
    private const string BadParameter = "mime: invalid media parameter";

    /// <summary>The type in lower case, or what is wrong with the header in Go's words; both when only a parameter is bad.</summary>
    public static (string Type, string? Failure) Parse(string header)
    {
        int semicolon = header.IndexOf(';', StringComparison.Ordinal);
        string type = (semicolon < 0 ? header : header[..semicolon]).Trim().ToLowerInvariant();
        if (RefuseType(type) is { } refusal)
        {
            return ("", refusal);
        }

        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        var rest = semicolon < 0 ? "" : header.AsSpan(semicolon);
        while (!(rest = rest.TrimStart()).IsEmpty)
        {
            var parameters = rest;
            if (TakeParameter(ref rest) is not { } parameter)
            {
                return parameters.Trim() is ";" ? (type, null) : (type, BadParameter);
            }

            if (known.TryGetValue(parameter.Name, out string? before) && before != parameter.Value)
            {
                return ("", "mime: duplicate parameter name");
            }

            known[parameter.Name] = parameter.Value;
        }

        return (type, null);
    }

    private static string? RefuseType(string type)
    {
        int slash = type.AsSpan().IndexOfAnyExcept(_token);
        if (slash == 0 || type.Length == 0)
        {
            return "mime: no media type";
        }

        if (slash < 0)
        {
            return null;
        }

        if (type[slash] != '/')
        {
            return "mime: expected slash after first token";
        }

        var subtype = type.AsSpan(slash + 1);
        return subtype.IndexOfAnyExcept(_token) switch
        {
            0 => "mime: expected token after slash",
            < 0 when subtype.IsEmpty => "mime: expected token after slash",
            < 0 => null,
            _ => "mime: unexpected content after media subtype",
        };
    }

    /// <summary><c>; name=token</c> or <c>; name="text"</c>; null when it is neither.</summary>
    private static (string Name, string Value)? TakeParameter(ref ReadOnlySpan<char> text)
    {
        var rest = text.TrimStart();
        if (!rest.StartsWith(';'))
        {
            return null;
        }

        rest = rest[1..].TrimStart();
        string name = TakeToken(ref rest).ToLowerInvariant();
        rest = rest.TrimStart();
        if (name.Length == 0 || !rest.StartsWith('='))
        {
            return null;
        }

        rest = rest[1..].TrimStart();
        bool isQuoted = rest.StartsWith('"');
        string? value = isQuoted ? TakeQuoted(ref rest) : TakeToken(ref rest);
        if (value is null || (value.Length == 0 && !isQuoted))
        {
            return null;
        }

        text = rest;
        return (name, value);
    }

    private static string TakeToken(ref ReadOnlySpan<char> text)
    {
        int end = text.IndexOfAnyExcept(_token);
        var token = end < 0 ? text : text[..end];
        text = text[token.Length..];
        return token.ToString();
    }

    private static string? TakeQuoted(ref ReadOnlySpan<char> text)
    {
        var value = new System.Text.StringBuilder();
        for (int i = 1; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                text = text[(i + 1)..];
                return value.ToString();
            }

            // A backslash before a letter is meant: Windows paths come that way.
            if (text[i] == '\\' && i + 1 < text.Length && _special.Contains(text[i + 1]))
            {
                i++;
            }

            value.Append(text[i]);
        }

        return null;
    }

    private static readonly System.Buffers.SearchValues<char> _token = System.Buffers.SearchValues.Create(
        "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");

    private static readonly System.Buffers.SearchValues<char> _special = System.Buffers.SearchValues.Create("()<>@,;:\\\"/[]?=");
}
