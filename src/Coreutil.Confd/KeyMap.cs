using System.Collections.Immutable;
using Coreutil.Confd.Functions;
using Coreutil.Confd.Templates;

namespace Coreutil.Confd;

/// <summary>
/// The keys one template sees: a flat map without directories, ordered bytewise (confd.md §5). Texts are byte strings (<see cref="GoText"/>).
/// </summary>
internal sealed class KeyMap
{
    private readonly ImmutableSortedDictionary<string, string> _values;

    private KeyMap(ImmutableSortedDictionary<string, string> values) => _values = values;

    /// <summary>
    /// Cuts <paramref name="prefix"/> off each key; the pairs are byte strings already, for a value need not be text. The cut is textual, as in the original: a key that does not start with it stays whole.
    /// </summary>
    public static KeyMap Create(IEnumerable<KeyValuePair<string, string>> pairs, string prefix)
    {
        string start = GoText.FromUtf16(prefix);
        var values = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in pairs)
        {
            string rest = key.StartsWith(start, StringComparison.Ordinal) ? key[start.Length..] : key;
            values[SlashPath.Join("/", rest)] = value;
        }

        return new KeyMap(values.ToImmutable());
    }

    public bool Contains(string key) => _values.ContainsKey(key);

    public string Get(string key) =>
        _values.TryGetValue(key, out string? value) ? value : throw new FunctionException($"key does not exist: {key}") { IsMissingKey = true };

    /// <summary>Only the first default counts, and an empty value that is present wins over it.</summary>
    public string GetOr(string key, IReadOnlyList<string> defaults) =>
        _values.TryGetValue(key, out string? value) ? value : defaults.Count > 0 ? defaults[0] : Get(key);

    public IEnumerable<KeyPair> Match(string pattern) =>
        _values.Where(pair => SlashPath.Matches(pattern, pair.Key)).Select(pair => new KeyPair(pair.Key, pair.Value)).ToArray();

    /// <summary>Values in their own order, not in that of their keys.</summary>
    public IEnumerable<string> MatchValues(string pattern) =>
        _values.Where(pair => SlashPath.Matches(pattern, pair.Key)).Select(pair => pair.Value).Order(StringComparer.Ordinal).ToArray();

    /// <summary>
    /// Names of the children of <paramref name="directory"/>; a leaf of that very name lists itself. The path is split as the original
    /// splits it, so that "/" has two empty terms and lists top-level leaves only.
    /// </summary>
    public IEnumerable<string> List(string directory) => Children(directory, onlyDirectories: false);

    public IEnumerable<string> ListDirectories(string directory) => Children(directory, onlyDirectories: true);

    private SortedSet<string> Children(string directory, bool onlyDirectories)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        string[] wanted = Terms(directory);
        foreach (string key in _values.Keys)
        {
            if (!onlyDirectories && key == directory)
            {
                names.Add(SlashPath.Base(key));
                continue;
            }

            string[] terms = Terms(SlashPath.Directory(key));
            int depth = terms.Length - wanted.Length;
            if (depth >= (onlyDirectories ? 1 : 0) && terms.AsSpan(0, wanted.Length).SequenceEqual(wanted))
            {
                names.Add(Below(key, directory));
            }
        }

        return names;
    }

    private static string[] Terms(string path) => SlashPath.Clean(path).Split('/');

    /// <summary>The directory is cut off as text: one that is not clean is not found, and the key's first name comes back.</summary>
    private static string Below(string key, string directory)
    {
        string rest = key.StartsWith(directory, StringComparison.Ordinal) ? key[directory.Length..] : key;
        return (rest.StartsWith('/') ? rest[1..] : rest).Split('/')[0];
    }
}
