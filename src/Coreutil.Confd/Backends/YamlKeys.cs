using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Coreutil.Confd.Backends;

/// <summary>
/// Flattens a YAML (or JSON) document to keys: names joined by slashes, list items under their number. It reads the parser's events, so nothing
/// is reflected; plain scalars follow YAML 1.1 as the original's library does (<see cref="YamlScalar"/>).
/// </summary>
internal sealed class YamlKeys
{
    private const int DeepestNesting = 200;

    private readonly Dictionary<string, Tree> _anchors = new(StringComparer.Ordinal);
    private readonly IParser _parser;
    private int _depth;

    private YamlKeys(IParser parser) => _parser = parser;

    public static IEnumerable<KeyValuePair<string, string>> Read(string text)
    {
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _))
            {
                return [];
            }

            var root = new YamlKeys(parser).ReadNode();
            var pairs = new List<KeyValuePair<string, string>>();
            switch (root)
            {
                case Tree.Map or Tree.Leaf { Value: null }:
                    Flatten(root, "/", pairs);
                    return pairs;
                default:
                    throw new ConfdException("yaml: unmarshal errors: the top level is no map of keys");
            }
        }
        catch (YamlException malformed)
        {
            throw new ConfdException($"yaml: line {malformed.Start.Line}: {malformed.Message}", malformed);
        }
    }

    private abstract record Tree
    {
        public sealed record Leaf(string? Value) : Tree;

        public sealed record Sequence(List<Tree> Items) : Tree;

        public sealed record Map(List<KeyValuePair<string, Tree>> Entries) : Tree;
    }

    private Tree ReadNode()
    {
        if (++_depth > DeepestNesting)
        {
            throw new ConfdException($"yaml: nested deeper than {DeepestNesting} levels");
        }

        var node = ReadInner();
        _depth--;
        return node;
    }

    private Tree ReadInner()
    {
        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            return _anchors.TryGetValue(alias.Value.Value, out var known) ? known : throw new ConfdException($"yaml: unknown anchor '{alias.Value}' referenced");
        }

        if (_parser.TryConsume<Scalar>(out var scalar))
        {
            bool isText = scalar.Style != ScalarStyle.Plain || scalar.Tag == "tag:yaml.org,2002:str";
            return Remember(scalar.Anchor, new Tree.Leaf(isText ? scalar.Value : YamlScalar.Resolve(scalar.Value)));
        }

        if (_parser.TryConsume<SequenceStart>(out var sequence))
        {
            var items = new List<Tree>();
            while (!_parser.TryConsume<SequenceEnd>(out _))
            {
                items.Add(ReadNode());
            }

            return Remember(sequence.Anchor, new Tree.Sequence(items));
        }

        var start = _parser.Consume<MappingStart>();
        return Remember(start.Anchor, new Tree.Map(ReadEntries()));
    }

    private List<KeyValuePair<string, Tree>> ReadEntries()
    {
        var merged = new List<KeyValuePair<string, Tree>>();
        var own = new List<KeyValuePair<string, Tree>>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadNode();
            var value = ReadNode();
            string name = key is Tree.Leaf { Value: { } text } ? text : throw new ConfdException("yaml: a key is no plain text");
            if (name == "<<")
            {
                merged.AddRange(MergedEntries(value));
            }
            else
            {
                own.Add(new(name, value));
            }
        }

        // What the map says itself wins over what it merges in.
        return [.. merged.Where(entry => own.TrueForAll(other => other.Key != entry.Key)), .. own];
    }

    private static IEnumerable<KeyValuePair<string, Tree>> MergedEntries(Tree value) => value switch
    {
        Tree.Map map => map.Entries,
        Tree.Sequence several => several.Items.AsEnumerable().Reverse().SelectMany(MergedEntries),
        _ => throw new ConfdException("yaml: map merge requires map or sequence of maps as the value"),
    };

    private Tree Remember(AnchorName anchor, Tree node)
    {
        if (!anchor.IsEmpty)
        {
            _anchors[anchor.Value] = node;
        }

        return node;
    }

    private static void Flatten(Tree node, string path, List<KeyValuePair<string, string>> pairs)
    {
        switch (node)
        {
            case Tree.Leaf { Value: { } value }:
                pairs.Add(new(path, value));
                break;
            case Tree.Sequence sequence:
                for (int i = 0; i < sequence.Items.Count; i++)
                {
                    Flatten(sequence.Items[i], FormattableString.Invariant($"{path.TrimEnd('/')}/{i}"), pairs);
                }

                break;
            case Tree.Map map:
                foreach (var (name, child) in map.Entries)
                {
                    Flatten(child, SlashPath.Join("/", path, name), pairs);
                }

                break;
        }
    }
}
