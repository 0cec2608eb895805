using System.Collections.Immutable;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>The members a new cluster begins with: <c>name=url,name=url</c>, a name standing once for each of its URLs.</summary>
public sealed record InitialCluster(ImmutableSortedDictionary<string, ImmutableArray<string>> UrlsByName)
{
    /// <exception cref="FormatException">The text is no such list; the message says where.</exception>
    public static InitialCluster Parse(string text)
    {
        var urls = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] pair = part.Split('=', 2);
            string url = pair.Length > 1 ? pair[1].TrimEnd('/') : "";
            if (pair[0].Length == 0 || url.Length == 0)
            {
                throw new FormatException($"--initial-cluster: {part} is not NAME=URL");
            }

            if (UrlRules.Refuse(url) is { } refusal)
            {
                throw new FormatException(refusal);
            }

            if (!urls.TryGetValue(pair[0], out var known))
            {
                urls[pair[0]] = known = [];
            }

            known.Add(url);
        }

        return new InitialCluster(urls.ToImmutableSortedDictionary(
            entry => entry.Key, entry => entry.Value.Order(StringComparer.Ordinal).ToImmutableArray(), StringComparer.Ordinal));
    }

    public static InitialCluster Of(string name, IEnumerable<string> urls) =>
        new(ImmutableSortedDictionary.Create<string, ImmutableArray<string>>(StringComparer.Ordinal).Add(name, [.. urls.Order(StringComparer.Ordinal)]));

    public bool HasDuplicateUrl
    {
        get
        {
            string[] all = [.. UrlsByName.Values.SelectMany(urls => urls)];
            return all.Distinct(StringComparer.Ordinal).Count() < all.Length;
        }
    }

    /// <summary>The members with the ids that follow from their URLs and the token, in the order of the ids.</summary>
    public ImmutableArray<Member> Members(string token) =>
        [.. UrlsByName.Select(entry => new Member(MemberIdentity.MemberId(entry.Value, token), entry.Key, entry.Value, [])).OrderBy(member => member.Id)];

    public override string ToString() => string.Join(',', UrlsByName.SelectMany(entry => entry.Value.Select(url => $"{entry.Key}={url}")));
}
