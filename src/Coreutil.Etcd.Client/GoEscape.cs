namespace Coreutil.Etcd.Client;

/// <summary>Paths and queries written as Go's net/url and etcd's path rules write them, so that requests are the original client's to the byte.</summary>
public static class GoEscape
{
    /// <summary>From the root, without doubled slashes or dots; a closing slash stays.</summary>
    public static string CleanPath(string path)
    {
        var kept = new List<string>();
        foreach (string part in path.Split('/').Where(part => part is not ("" or ".")))
        {
            if (part != "..")
            {
                kept.Add(part);
            }
            else if (kept.Count > 0)
            {
                kept.RemoveAt(kept.Count - 1);
            }
        }

        return "/" + string.Join('/', kept) + (kept.Count > 0 && path.EndsWith('/') ? "/" : "");
    }

    /// <summary>A path keeps what separates inside it: <c>$ &amp; + , / : ; = @</c>.</summary>
    public static string Path(string path) =>
        "$&+,/:;=@".Aggregate(Uri.EscapeDataString(path), (escaped, kept) => escaped.Replace(Uri.HexEscape(kept), kept.ToString(), StringComparison.Ordinal));

    public static string Query(string value) => Uri.EscapeDataString(value).Replace("%20", "+", StringComparison.Ordinal);
}
