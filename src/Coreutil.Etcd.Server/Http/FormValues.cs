namespace Coreutil.Etcd.Server.Http;

/// <summary>Query and form parameters as Go's net/url reads them: the body's come before the query's, the first of duplicates wins.</summary>
internal sealed class FormValues
{
    /// <summary>Most requests have none.</summary>
    private Dictionary<string, string>? _values;

    /// <summary>The first thing wrong with the text, in Go's words; null when all was well.</summary>
    public string? Failure { get; private set; }

    /// <summary>Reads a body (may be empty), then a query.</summary>
    public static FormValues Parse(ReadOnlySpan<byte> body, ReadOnlySpan<byte> query)
    {
        var form = new FormValues();
        form.Add(body);
        form.Add(query);
        return form;
    }

    /// <summary>The value of a name; null when it is absent.</summary>
    public string? this[string name] => _values?.GetValueOrDefault(name);

    private void Add(ReadOnlySpan<byte> text)
    {
        string? failure = null;
        foreach (var range in text.Split((byte)'&'))
        {
            var pair = text[range];
            if (pair.Contains((byte)';'))
            {
                // As in Go, which remembers the last of these and the first of the others.
                failure = "invalid semicolon separator in query";
                continue;
            }

            if (pair.IsEmpty)
            {
                continue;
            }

            int equals = pair.IndexOf((byte)'=');
            if (GoUrl.TryUnescape(equals < 0 ? pair : pair[..equals], plusIsSpace: true, out string name, out string bad)
                && GoUrl.TryUnescape(equals < 0 ? [] : pair[(equals + 1)..], plusIsSpace: true, out string value, out bad))
            {
                _values ??= new(StringComparer.Ordinal);
                _values.TryAdd(name, value);
            }
            else
            {
                failure ??= bad;
            }
        }

        // The body comes first, and its failure counts.
        Failure ??= failure;
    }
}
