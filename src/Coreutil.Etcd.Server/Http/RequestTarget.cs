using System.Text;

namespace Coreutil.Etcd.Server.Http;

/// <summary>The target of the request line: the path decoded once, the query as sent.</summary>
internal sealed record RequestTarget(string Path, ReadOnlyMemory<byte> Query, string QueryWithMark)
{
    /// <summary>Null when an escape in the path is none.</summary>
    public static RequestTarget? Of(string raw)
    {
        // A proxy's absolute form: the path begins behind the authority.
        int scheme = raw.StartsWith('/') ? -1 : raw.IndexOf("://", StringComparison.Ordinal);
        int slash = scheme < 0 ? 0 : raw.IndexOf('/', scheme + 3);
        string target = slash < 0 ? "" : raw[slash..];
        int mark = target.IndexOf('?', StringComparison.Ordinal);
        string escapedPath = mark < 0 ? target : target[..mark];
        string query = mark < 0 ? "" : target[mark..];
        if (!escapedPath.Contains('%', StringComparison.Ordinal))
        {
            return new RequestTarget(escapedPath, Encoding.UTF8.GetBytes(query.Length > 0 ? query[1..] : ""), query);
        }

        return GoUrl.TryUnescape(Encoding.UTF8.GetBytes(escapedPath), plusIsSpace: false, out string path, out _)
            ? new RequestTarget(path, Encoding.UTF8.GetBytes(query.Length > 0 ? query[1..] : ""), query)
            : null;
    }
}
