using System.Collections.Immutable;
using Coreutil.Confd.Templates;
using static Coreutil.Confd.Functions.FunctionSet;

namespace Coreutil.Confd.Functions;

/// <summary>Maps made by hand, and lists put in another order. The lists change in place, as in the original.</summary>
internal static class CollectionFunctions
{
    public static ImmutableArray<TemplateFunction> All { get; } =
    [
        DefineVariadic("map", [GoTypes.Interface], Map),
        new("reverse", [GoTypes.Interface], values => Reverse(values[0])),
        Define("sortByLength", [GoTypes.StringSlice], values => Sort(values[0], element => ((string)element!).Length)),
        Define("sortKVByLength", [KeyPair.SliceType], values => Sort(values[0], element => ((KeyPair)element!).Key.Length)),
    ];

    private static GoMap Map(Value[] values)
    {
        if (values.Length % 2 != 0)
        {
            throw new FunctionException("invalid map call");
        }

        var map = new GoMap();
        for (int i = 0; i < values.Length; i += 2)
        {
            map[values[i].Data as string ?? throw new FunctionException("map keys must be strings")] = values[i + 1].Data;
        }

        return map;
    }

    /// <summary>Only a []string is reversed; anything else comes back as it is, even what gets returns.</summary>
    private static Value Reverse(Value value)
    {
        if (value.Data is GoSlice { TypeName: GoTypes.StringSlice } slice)
        {
            slice.Elements.Reverse();
        }

        return value;
    }

    private static GoSlice Sort(Value value, Func<object?, int> length)
    {
        var slice = (GoSlice)value.Data!;
        object?[] sorted = [.. slice.Elements.ToArray().OrderBy(length)];
        sorted.CopyTo(slice.Elements);
        return slice;
    }
}
