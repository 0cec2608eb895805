using Coreutil.Confd.Templates;
using static Coreutil.Confd.Functions.FunctionSet;

namespace Coreutil.Confd.Functions;

/// <summary>The functions that read the keys (confd.md §5).</summary>
internal static class StoreFunctions
{
    public static IEnumerable<TemplateFunction> Create(KeyMap keys) =>
    [
        Define("exists", [GoTypes.String], values => keys.Contains(Text(values[0]))),
        Define("get", [GoTypes.String], values => Pair(keys, Text(values[0]))),
        Define("gets", [GoTypes.String], values => new GoSlice(KeyPair.ListType, keys.Match(Text(values[0])))),
        DefineVariadic("getv", [GoTypes.String, GoTypes.String], values => keys.GetOr(Text(values[0]), [.. values.Skip(1).Select(Text)])),
        Define("getvs", [GoTypes.String], values => GoSlice.OfStrings(keys.MatchValues(Text(values[0])))),
        Define("ls", [GoTypes.String], values => GoSlice.OfStrings(keys.List(Text(values[0])))),
        Define("lsdir", [GoTypes.String], values => GoSlice.OfStrings(keys.ListDirectories(Text(values[0])))),

        // confd 0.6.3
        Define("sibling", [GoTypes.String, GoTypes.String], values =>
            Pair(keys, SlashPath.Join("/", SlashPath.Directory(Text(values[0])), Text(values[1])))),
        Define("parent", [GoTypes.String], values => SlashPath.Directory(Text(values[0]))),
    ];

    private static KeyPair Pair(KeyMap keys, string key) => new(key, keys.Get(key));
}
